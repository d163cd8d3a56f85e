import type { Attack } from '../attack.js';
import { doesNotApply, notStopped, reachesItself, stopped } from '../verdict.js';
import { either, resultHasMarker } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const noDescriptors = doesNotApply('threads have no descriptors to the server');
const byNumber = stopped('a worker is heard for the run that is on it alone');

export const forgeAttacks: readonly Attack[] = [
  {
    name: 'forge-other-run',
    file: 'forge-other-run.py',
    group: 'forge',
    intent: "Give another function's result, by a copy of its worker's descriptor",
    place: 'alone',
    worked: ({ host, bait }) => host.victimSaid(bait.marker),
    verdicts: {
      thread: noThread,
      process: notStopped('descriptors of the same user can be copied', 'tracing'),
      confined: stopped('its pid namespace holds its own processes alone'),
    },
  },
  {
    name: 'forge-wrong-run',
    file: 'forge-wrong-run.mjs',
    group: 'forge',
    intent: 'Send results and logs of runs that are not on its worker',
    calls: 2,
    worked: either(resultHasMarker, ({ outcomes, bait }) => outcomes.some(({ log }) => log.includes(bait.marker))),
    verdicts: { thread: noDescriptors, process: byNumber, confined: byNumber },
  },
  {
    name: 'forge-next-run',
    file: 'forge-next-run.py',
    group: 'forge',
    intent: 'Give the result of the next run on its own worker',
    calls: 2,
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: reachesItself('runs of a version share its warm workers'),
      confined: reachesItself('runs of a version share its warm workers'),
    },
  },
  {
    name: 'forge-next-run-fresh',
    file: 'forge-next-run.py',
    group: 'forge',
    intent: 'The same, of a function with `fresh`',
    manifest: { fresh: true },
    calls: 2,
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: stopped('each run has a worker of its own'),
      confined: stopped('each run has a worker of its own'),
    },
  },
  {
    name: 'keep-descriptors',
    file: 'keep-descriptors.py',
    group: 'forge',
    intent: "Give later runs' results by a process that kept the descriptor",
    manifest: { fresh: true },
    calls: 2,
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: stopped('the server closes its end with the worker'),
      confined: stopped('the server closes its end with the worker'),
    },
  },
  {
    name: 'forge-garbage',
    file: 'forge-garbage.py',
    group: 'forge',
    intent: 'Send the server what is no message',
    worked: ({ outcome }) => outcome.reason !== 'worker_lost',
    verdicts: {
      thread: noThread,
      process: stopped('a worker that breaks the protocol is killed'),
      confined: stopped('a worker that breaks the protocol is killed'),
    },
  },
  {
    name: 'close-descriptors',
    file: 'close-descriptors.mjs',
    group: 'forge',
    intent: 'Close the descriptors by which it is spoken to',
    place: 'last',
    worked: async ({ host, outcome }) => outcome.state === 'succeeded' || !(await host.isWell()),
    verdicts: {
      thread: notStopped("they are the server's, its listening socket included"),
      process: stopped('its own run is lost, nobody else hears of it'),
      confined: stopped('its own run is lost, nobody else hears of it'),
    },
  },
  {
    name: 'forge-parent-port',
    file: 'forge-parent-port.mjs',
    group: 'forge',
    intent: "Send results by Node's parentPort and workerData",
    calls: 2,
    worked: resultHasMarker,
    verdicts: {
      thread: stopped('its port is handed to nobody'),
      process: stopped('there is no such port'),
      confined: stopped('there is no such port'),
    },
  },
  {
    name: 'write-server-output',
    file: 'write-server-output.mjs',
    group: 'forge',
    intent: "Write lines into the server's own log",
    worked: ({ host, bait }) => host.output.includes(bait.marker),
    verdicts: {
      thread: notStopped("a child can be given the server's descriptors"),
      process: stopped('its output is its own'),
      confined: stopped('its output is its own'),
    },
  },
];
