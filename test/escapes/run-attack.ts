import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rawZip } from '../store/raw-zip.js';
import { until } from '../until.js';
import type { Attack, Scene } from './attack.js';
import { type AttackBait, type Files, type Host, type Level, type Outcome, program } from './host.js';
import { succeedsOn } from './verdict.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folders = [join(root, 'test/escapes/attacks'), join(root, 'src/cli/doctor/isolation/pushed/probes')];
/** An attack that is merely broken proves nothing. */
const broken =
  /ReferenceError|SyntaxError|NameError|AttributeError|IndentationError|UnboundLocalError|is not a function|: not found|syntax error/;

/** Carries an attack out and holds what came of it against the table, in both directions. */
export async function holdVerdict(attack: Attack, host: Host): Promise<string> {
  const verdict = attack.verdicts[host.level];
  const mustWork = succeedsOn(host.machine, verdict);
  const scene = await carryOut(attack, host, mustWork);
  const said = scene.outcomes.map(({ state, reason, message, result, log }) =>
    `${state} ${reason ?? ''} ${message ?? ''} ${result} ${log}`.slice(0, 600),
  );
  for (const words of said) assert.doesNotMatch(words, broken, `${attack.name} does not work: ${words}`);
  const works = await looksSo(attack, scene, mustWork);
  const sentence = `${attack.name} at level ${host.level} is "${verdict.is}" in the table, and it ${works ? 'worked' : 'was stopped'}`;
  assert.equal(works, mustWork, `${sentence}; its runs: ${said.join(' | ')}`);
  return said.join(' | ');
}

/** Pushes an attack and calls it as often as it wants. */
export async function startAttack(attack: Attack, host: Host): Promise<Outcome[]> {
  const bait = host.baitFor(attack.name);
  const outcomes: Outcome[] = [];
  try {
    await pushAttack(attack, bait, host);
  } catch (error) {
    assert.match(String(error), /the push was refused/);
    return [{ ...nothing, state: 'refused', message: String(error) }];
  }
  for (let call = 1; call <= (attack.calls ?? 1); call += 1) outcomes.push(await callAttack(attack, { ...bait, call }, host));
  return outcomes;
}

async function carryOut(attack: Attack, host: Host, mustWork: boolean): Promise<Scene> {
  const bait = host.baitFor(attack.name);
  const beside = mustWork ? Promise.resolve(true) : host.bystanderIsRight();
  const outcomes = await startAttack(attack, host);
  assert.ok(await beside, 'another function was hurt while it ran');
  for (const { isolation } of outcomes) assert.ok(isolation === host.level || isolation === null, `it ran at level ${isolation}`);
  return { host, bait, outcome: outcomes.at(-1)!, outcomes };
}

/** A server that is gone answers nobody: that is for the witness to see. */
async function callAttack(attack: Attack, payload: object, host: Host): Promise<Outcome> {
  const name = nameOf(attack);
  if (attack.call !== undefined) return attack.call(name, host).then(() => ({ ...nothing, state: 'called', message: null }));
  if (attack.place !== 'last') return host.run(name, payload);
  const ended = new AbortController();
  const gone = { ...nothing, state: 'gone', message: 'the server answers no more' };
  try {
    return await Promise.race([host.run(name, payload), host.untilUnwell(ended.signal).then(() => gone)]);
  } catch (error) {
    return { ...gone, message: (error as Error).message };
  } finally {
    ended.abort();
  }
}

function nameOf({ name }: Attack): string {
  return `x-${name}`;
}

const nothing = { id: '', reason: null, isolation: null, result: '', log: '' };

async function looksSo(attack: Attack, scene: Scene, mustWork: boolean): Promise<boolean> {
  if (mustWork) return attack.worked(scene);
  if (attack.settles !== true) {
    if (await attack.worked(scene)) return true;
  } else {
    await until(async () => !(await attack.worked(scene)));
  }
  assert.ok(await scene.host.bystanderIsRight(), 'another function was hurt after it');
  return false;
}

async function pushAttack(attack: Attack, bait: AttackBait, host: Host): Promise<void> {
  const name = nameOf(attack);
  if (attack.file === 'link-in-zip') return host.pushZip(name, zipWithLink(bait.host.file));
  const { files, manifest } = packAttack(attack, host.level);
  const env = attack.file.endsWith('.mjs') || attack.file.endsWith('.py') ? {} : { env: environmentOf(bait) };
  await host.push(name, files, { ...manifest, ...env, timeout_ms: 60_000, ...attack.manifest });
}

function packAttack({ file }: Attack, level: Level): { files: Files; manifest: object } {
  const source = readSource(file);
  switch (extname(file)) {
    case '.mjs':
      return { files: { 'index.mjs': source }, manifest: {} };
    case '.py':
      return { files: { 'main.py': source }, manifest: { runtime: 'python', entry: 'main.py' } };
    case '.sh':
      return { files: { 'run.sh': source }, manifest: program };
    case '.c':
      return file.endsWith('.so.c')
        ? { files: { 'run.sh': '#!/bin/sh\necho ran\n', 'loaded.so': compile(file, ['-shared', '-fPIC']) }, manifest: program }
        : { files: { run: compile(file, ['-static']) }, manifest: { runtime: 'executable', entry: 'run' } };
    default:
      throw new Error(`${file}: no way to run that at level ${level}`);
  }
}

function zipWithLink(target: string): Buffer {
  const code = `import fs from 'node:fs';\nexport default () => fs.readFileSync('link', 'utf8');\n`;
  return rawZip([
    { name: 'index.mjs', data: code },
    { name: 'link', data: target, mode: 0o120777 },
  ]);
}

function readSource(file: string): Buffer {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, file));
    } catch {
      // It is in the other one.
    }
  }
  throw new Error(`there is no attack ${file}`);
}

function compile(file: string, how: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-compiled-'));
  try {
    const { status, stderr } = spawnSync('gcc', ['-O1', ...how, '-o', join(folder, 'run'), join(folders[0]!, file)], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return readFileSync(join(folder, 'run'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Programs get the bait in their environment: `BAIT_SERVER_PID` and the like. */
function environmentOf(bait: AttackBait): Record<string, string> {
  const pairs = Object.entries(bait).flatMap(([key, value]) =>
    typeof value === 'object'
      ? Object.entries(value).map(([inner, text]) => [`BAIT_${key}_${inner}`.toUpperCase(), String(text)])
      : [[`BAIT_${key}`.toUpperCase(), String(value)]],
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}
