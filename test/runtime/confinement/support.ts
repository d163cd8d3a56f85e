import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readProcess } from '../../../src/runtime/process-group.js';
import { skipWithout } from '../../servers/find-binary.js';
import { confinement } from '../support.js';

/** For the options of every test here. With CI=true a skipped test is a failure. */
export const needsCells = { skip: skipWithout('bwrap') };

/** Where bubblewrap is, it has to work: fails with the reason that the probe gave. */
export function assertCells(): void {
  assert.equal(confinement.problem, null);
}

/** Pids of what lives below a process in pid namespaces of its own. */
export function cellsBelow(ancestor: number): number[] {
  const own = readlinkSync('/proc/self/ns/pid');
  return livingBelow(ancestor).filter((pid) => namespaceOf(pid) !== own);
}

/** Pids of what lives below a process and has one of these names. */
export function descendantsNamed(ancestor: number, names: readonly string[]): number[] {
  return livingBelow(ancestor).filter((pid) => names.includes(nameOf(pid)));
}

function livingBelow(ancestor: number): number[] {
  const facts = new Map(listPids().map((pid) => [pid, readProcess(pid)]));
  const isBelow = (pid: number): boolean => pid > 1 && (pid === ancestor || isBelow(facts.get(pid)?.parent ?? 0));
  return [...facts].filter(([pid, fact]) => pid !== ancestor && fact?.zombie === false && isBelow(pid)).map(([pid]) => pid);
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return '';
  }
}

function listPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return readlinkSync('/proc/self/ns/pid');
  }
}

/** Mounts of this machine whose place holds the text. */
export function mountsWith(text: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));
}
