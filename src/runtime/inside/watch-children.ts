import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

let started = false;

/** Notes when the function starts processes: the server then looks whether any outlived the run. */
export function watchChildren(): void {
  // Everything asynchronous comes through this method, which the types do not show.
  const prototype = ChildProcess.prototype as unknown as { spawn: (...values: unknown[]) => unknown };
  const { spawn } = prototype;
  prototype.spawn = function (...values) {
    started = true;
    return spawn.apply(this, values);
  };
  for (const name of ['spawnSync', 'execSync', 'execFileSync'] as const) {
    const original = childProcess[name] as (...values: unknown[]) => unknown;
    Object.assign(childProcess, {
      [name]: (...values: unknown[]) => {
        started = true;
        return original(...values);
      },
    });
  }
  syncBuiltinESMExports();
}

/** Whether any was started since the last time this was asked. */
export function startedChildren(): boolean {
  const answer = started;
  started = false;
  return answer;
}
