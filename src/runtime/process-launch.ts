import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is executed, as what, with which environment: the whole of what a process gets from its server. */
export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

const nodeEntry = fileURLToPath(new URL('inside/process-entry.js', import.meta.url));
const pythonEntry = fileURLToPath(new URL('inside/python/worker.py', import.meta.url));
const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
const setpriv = findOnPath('setpriv');

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

function cleanEnvironment(scratch: string): Record<string, string> {
  return { PATH: path, HOME: scratch, TMPDIR: scratch, LANG: 'C.UTF-8' };
}

/** `auto` prefers the system's own: `python3` on the path may be a slow shim. Throws when there is none. */
function findPython(python: string): string {
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

function findOnPath(name: string): string | null {
  return (
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file)) ?? null
  );
}
