import cluster from 'node:cluster';
import { catchEndSignals, endBy } from '../end-signals.js';
import { messageOf } from '../errors.js';
import { ParentLine } from './parent-line.js';

/**
 * One of the servers of `fas serve --processes N`: started by serve-processes.ts with its number and its parent's pid.
 * Exits as `fas serve` would when it can't start: 2 for a wrong setting.
 */
catchEndSignals();
const worker = cluster.worker!;
worker.once('disconnect', () => {
  // The parent was killed. Without this word node would end this process in the middle of its work.
  worker.exitedAfterDisconnect = true;
  endBy('the parent process is gone');
});

const [number, parentPid] = process.argv.slice(2).map(Number);
try {
  const { serve } = await import('../main.js');
  await serve(process.env, new ParentLine(number!, parentPid!));
} catch (error) {
  const isConfig = error instanceof Error && error.name === 'ConfigError';
  process.stderr.write(`fas: ${messageOf(error)}\n`, () => process.exit(isConfig ? 2 : 1));
}
