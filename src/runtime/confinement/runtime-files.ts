import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { findPython } from '../process-launch.js';

/** A program that runs functions, and what must be shown for it besides the system's own folders. */
export interface RuntimeFiles {
  command: string;
  shown: string[];
}

/** The Node that runs this server: one file. */
export function findNodeFiles(): RuntimeFiles {
  const command = realpathSync(process.execPath);
  return { command, shown: [command] };
}

/** Python with its library. One that is not the system's is asked where that lies. Throws when there is none. */
export function findPythonFiles(setting: string): RuntimeFiles {
  const command = findPython(setting);
  if (command.startsWith('/usr/')) return { command, shown: [] };
  const asking =
    'import os, sys; print("\\n".join((sys.executable, sys.prefix, sys.base_prefix, os.path.realpath(sys.executable))))';
  const [executable, ...places] = execFileSync(command, ['-I', '-c', asking], { encoding: 'utf8' }).trim().split('\n');
  return { command: executable ?? command, shown: places };
}
