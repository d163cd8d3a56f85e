import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is executed, as what, with which environment: the whole of what a process gets from its server. */
export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /**
   * Where it is bubblewrap: its filter of system calls. It gets two descriptors more, the first to tell on what it started, the
   * second to read this file from.
   */
  filter?: string;
  /** It gets one descriptor more, says by it that it is there, and begins when a line comes by it. */
  waits?: boolean;
}

const nodeEntry = fileURLToPath(new URL('inside/process-entry.js', import.meta.url));
const pythonEntry = fileURLToPath(new URL('inside/python/worker.py', import.meta.url));
const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
const setpriv = findOnPath('setpriv');

/** Starts it in a process group of its own. */
export function spawnLaunch({ command, args, cwd, env, filter, waits }: Launch, stdio: ('pipe' | 'ignore')[]): ChildProcess {
  if (filter === undefined) return spawn(command, args, { cwd, env, detached: true, stdio });
  const opened = openSync(filter, 'r');
  try {
    return spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: [...stdio, 'pipe', opened, ...(waits === true ? ['pipe' as const] : [])],
    });
  } finally {
    closeSync(opened);
  }
}

/** What bubblewrap tells by its exit code of a program that was ended by a signal; such a code may be the program's own as well. */
export function signalOfExitCode(code: number): NodeJS.Signals | null {
  if (code <= 128) return null;
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  return (name as NodeJS.Signals | undefined) ?? null;
}

/** A node process that serves runs. */
export function launchNode(memoryMb: number, scratch: string): Launch {
  return dyingWithItsServer({
    command: process.execPath,
    args: [`--max-old-space-size=${memoryMb}`, nodeEntry],
    env: cleanEnvironment(scratch),
    cwd: scratch,
  });
}

/** A python process that serves runs. */
export function launchPython(python: string, scratch: string): Launch {
  // -I: nothing of the environment, the user's packages or the working folder gets onto its path; -u: output as it comes.
  return dyingWithItsServer({
    command: findPython(python),
    args: ['-I', '-B', '-u', pythonEntry],
    env: cleanEnvironment(scratch),
    cwd: scratch,
  });
}

/** The executable of a version itself, for one run. */
export function launchExecutable(
  file: string,
  argument: string,
  more: { cwd: string; scratch: string; env: Record<string, string> },
): Launch {
  return dyingWithItsServer({
    command: file,
    args: [argument],
    env: { ...cleanEnvironment(more.scratch), ...more.env },
    cwd: more.cwd,
  });
}

/** By parent-death signal where there is `setpriv`: it takes the place of itself by the command, so the pid stays. */
function dyingWithItsServer(launch: Launch): Launch {
  if (setpriv === null) return launch;
  return { ...launch, command: setpriv, args: ['--pdeathsig', 'KILL', '--', launch.command, ...launch.args] };
}

export function cleanEnvironment(scratch: string): Record<string, string> {
  return { PATH: programFolders, HOME: scratch, TMPDIR: scratch, LANG: 'C.UTF-8' };
}

/** `auto` prefers the system's own: `python3` on the path may be a slow shim. Throws when there is none. */
export function findPython(python: string): string {
  const file = python === 'auto' ? (firstThere('/usr/bin/python3') ?? findOnPath('python3')) : findNamed(python);
  if (file === null) throw new Error(`there is no ${python === 'auto' ? 'python3' : python} on this machine`);
  return file;
}

function findNamed(name: string): string | null {
  return name.includes('/') ? firstThere(name) : findOnPath(name);
}

function firstThere(...files: string[]): string | null {
  return files.find((file) => existsSync(file)) ?? null;
}

export function findOnPath(name: string): string | null {
  return (
    programFolders
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file)) ?? null
  );
}
