import type { Attack } from '../attack.js';
import { doesNotApply, reachesItself, stopped } from '../verdict.js';
import { resultHasMarker } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const sameWorker = reachesItself('runs of a version share its warm workers');
const freshWorker = stopped('each run has a worker of its own');
const attributed = stopped('what an ended run left behind is not heard');

export const poisonAttacks: readonly Attack[] = [
  {
    name: 'poison-builtins',
    file: 'poison-builtins.mjs',
    group: 'poison',
    intent: 'Replace JSON, Promise, Array and process.exit for the next run',
    calls: 2,
    worked: resultHasMarker,
    verdicts: { thread: sameWorker, process: sameWorker, confined: sameWorker },
  },
  {
    name: 'poison-builtins-fresh',
    file: 'poison-builtins.mjs',
    group: 'poison',
    intent: 'The same, of a function with `fresh`',
    manifest: { fresh: true },
    calls: 2,
    worked: resultHasMarker,
    verdicts: { thread: freshWorker, process: freshWorker, confined: freshWorker },
  },
  {
    name: 'poison-python',
    file: 'poison-python.py',
    group: 'poison',
    intent: 'Replace what the Python worker itself speaks with',
    calls: 2,
    worked: resultHasMarker,
    verdicts: { thread: noThread, process: sameWorker, confined: sameWorker },
  },
  {
    name: 'poison-environment',
    file: 'poison-environment.mjs',
    group: 'poison',
    intent: 'Leave another environment (LD_PRELOAD) and working folder to the next run',
    calls: 2,
    worked: resultHasMarker,
    verdicts: { thread: sameWorker, process: sameWorker, confined: sameWorker },
  },
  {
    name: 'poison-environment-fresh',
    file: 'poison-environment.mjs',
    group: 'poison',
    intent: 'The same, of a function with `fresh`',
    manifest: { fresh: true },
    calls: 2,
    worked: resultHasMarker,
    verdicts: { thread: freshWorker, process: freshWorker, confined: freshWorker },
  },
  {
    name: 'preload-next',
    file: 'preload-next.py',
    group: 'poison',
    intent: 'Leave code that the next worker loads at its start (usercustomize, modules in HOME)',
    manifest: { fresh: true },
    calls: 2,
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: stopped('each worker has its own HOME, and loads nothing from it'),
      confined: stopped('each worker has its own HOME, and loads nothing from it'),
    },
  },
  {
    name: 'left-timer',
    file: 'left-timer.mjs',
    group: 'poison',
    intent: "Speak by a left timer in the next run's log and stream",
    calls: 2,
    worked: ({ outcomes, bait }) => outcomes[1]!.log.includes(bait.marker),
    verdicts: { thread: attributed, process: attributed, confined: attributed },
  },
  {
    name: 'left-child',
    file: 'left-child.mjs',
    group: 'poison',
    intent: "Print by a left process in the next run's log",
    calls: 2,
    worked: ({ outcomes, bait }) => outcomes[1]!.log.includes(bait.marker),
    verdicts: {
      thread: stopped("a thread's children print to where the server's do"),
      process: stopped('a worker that has processes left is not used again'),
      confined: stopped('a worker that has processes left is not used again'),
    },
  },
  {
    name: 'left-daemon',
    file: 'left-daemon.mjs',
    group: 'poison',
    intent: 'The same, by a process that left the group',
    calls: 2,
    worked: ({ outcomes, bait }) => outcomes[1]!.log.includes(bait.marker),
    verdicts: {
      thread: stopped("a thread's children print to where the server's do"),
      process: reachesItself('what left the group is not seen while its worker lives'),
      confined: stopped('whatever else lives in its cell is seen, and the worker not used again'),
    },
  },
];
