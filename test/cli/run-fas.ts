import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface FasResult {
  code: number | null;
  stdout: string;
  stderr: string;
}
export interface FasOptions {
  /** HOME of the command; a folder without a server unless one announced itself there. */
  home: string;
  cwd?: string;
  environment?: Record<string, string>;
  stdin?: string;
  onStart?: (child: ChildProcess) => void;
}

const fas = fileURLToPath(new URL('../../../bin/fas.js', import.meta.url));

/** Runs the real command in a process of its own, with nothing of this process's environment but PATH. */
export function runFas(args: readonly string[], options: FasOptions): Promise<FasResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fas, ...args], {
      cwd: options.cwd ?? options.home,
      env: { PATH: process.env['PATH'] ?? '', HOME: options.home, ...options.environment },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => (stdout += String(bytes)));
    child.stderr.on('data', (bytes) => (stderr += String(bytes)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(options.stdin ?? '');
    options.onStart?.(child);
  });
}
