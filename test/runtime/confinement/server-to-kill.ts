import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openConfinement } from '../../../src/runtime/confinement/open-confinement.js';
import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
import { attemptOf, deploy, executorOptions, resultOf } from '../support.js';

// A server that is killed by the test: a spare, an idle worker, and two that never end, of which one is an executable.
const folder = process.argv[2]!;
const slots = join(folder, 'slots');
const confinement = await openConfinement({ folder, slots, hidden: [folder], tmpBytes: 2 ** 20, outbound: 'own' });
const spares = { threads: 0, processes: 1, pythons: 1, wall: 'cell' } as const;
const watchdog = process.argv[3] === 'watched' ? { marginMs: 1000 } : null;
const executor = createLocalExecutor(executorOptions(folder, { confinement, spares, watchdog }));
while (executor.stats().workers.length < 2) await sleep(5);
const isolation = 'confined';
await resultOf(executor, deploy('in-a-cell/look.mjs'), { isolation, payload: {} });
let waiting = 0;
async function tellWaiting(): Promise<void> {
  if (watchdog !== null) while (executor.watchdogPid === null) await sleep(5);
  console.log('waits');
}
const sink = {
  log: (_: string, text: string) => {
    if (text.includes('waits') && (waiting += 1) === 2) void tellWaiting();
  },
  progress: () => undefined,
  chunk: () => undefined,
};
const versions = [deploy('in-a-cell/waits.mjs', { network: 'outbound' }), deploy('in-a-cell/waits.sh')];
await Promise.all(versions.map((version) => executor.execute(attemptOf(version, { isolation, timeoutMs: 600_000 }), sink)));
