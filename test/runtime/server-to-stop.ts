import { writeSync } from 'node:fs';
import { createLocalExecutor } from '../../src/runtime/local-executor.js';
import { monotonicMs } from '../../src/runtime/watchdog/messages.js';
import { attemptOf, deploy, executorOptions } from './support.js';

// A server that is stopped, or killed, by the test. It carries one queued run and one sync run, renews the leases that it
// pretends to hold, and says what happens as lines of JSON. On SIGUSR2 its event loop hangs for ever.
const leaseMs = 60_000;
const [folder, payload] = process.argv.slice(2) as [string, string];
const executor = createLocalExecutor(executorOptions(folder, { watchdog: { marginMs: leaseMs - 3000 } }));
const version = deploy('faults/index.mjs');
let watchdog: number | null = null;

setInterval(() => {
  executor.leasesHoldUntil(leaseMs);
  say({ leaseUntilMs: monotonicMs() + leaseMs });
  if (watchdog === executor.watchdogPid) return;
  watchdog = executor.watchdogPid;
  if (watchdog !== null) say({ watchdog });
}, 100);
process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));

void carry('sync', 'bounded');
await carry('queued', 'patient');
await executor.execute(attemptOf(version, { isolation: 'process', payload: 'fine', wait: 'patient' }), sinkFor('next'));
say({ served: true });

async function carry(kind: string, wait: 'bounded' | 'patient'): Promise<void> {
  const attempt = attemptOf(version, { isolation: 'process', payload, wait, timeoutMs: 600_000 });
  const outcome = await executor.execute(attempt, sinkFor(kind));
  if (!outcome.ok) say({ [`${kind}Ended`]: `${outcome.reason}: ${outcome.message}` });
}

function sinkFor(kind: string) {
  const log = (_: string, text: string) => {
    const [, pid, child] = /pid (\d+)(?: child (\d+))?/.exec(text) ?? [];
    if (pid !== undefined) say({ [kind]: Number(pid), ...(child === undefined ? {} : { [`${kind}Child`]: Number(child) }) });
  };
  return { log, progress: () => undefined, chunk: () => undefined };
}

/** At once, also when the loop hangs in the next moment. */
function say(fact: Record<string, unknown>): void {
  writeSync(1, `${JSON.stringify(fact)}\n`);
}
