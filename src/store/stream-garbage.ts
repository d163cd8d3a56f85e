import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'minor' }) => void;

const everyBytes = 4 * 2 ** 20;
let passed = 0;
let collect: Collect | null = null;

/**
 * Told of every chunk that a zip streams through memory. A chunk is garbage as soon as it is written, but its bytes lie
 * outside the heap, where V8 lets twice its young generation gather before it looks: an upload would cost the server
 * 32 MiB that it never gives back. Collecting the young ones every few MiB takes about a millisecond and keeps it flat.
 */
export function passedThrough(bytes: number): void {
  passed += bytes;
  if (passed < everyBytes) return;
  passed = 0;
  collect ??= findCollector();
  collect({ type: 'minor' });
}

/** Reachable without a flag on the command line; taken back at once, so that no function's thread sees it. */
function findCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const found = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return found;
}
