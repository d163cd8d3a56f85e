import type { Attack } from '../attack.js';
import { openFilesAtMost } from '../host.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { gotThrough, resultHasMarker } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const limited = { memory_mb: 64 };
const noDescriptors = doesNotApply('threads have no descriptors to the server');
const uploadedBytes = 800 * 1024 * 1024;
const heardAtMost = 1_000_000;
const logLimit = 1024 * 1024;
const cutLog = stopped('the log is cut at its limit');

export const exhaustAttacks: readonly Attack[] = [
  {
    name: 'memory-heap',
    file: 'memory-heap.mjs',
    group: 'exhaust',
    intent: '600 MB of JavaScript objects with a limit of 64 MB',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: stopped('the heap has a limit'),
      process: stopped('the heap has a limit'),
      confined: stopped('the heap has a limit'),
    },
  },
  {
    name: 'memory-buffers',
    file: 'memory-buffers.mjs',
    group: 'exhaust',
    intent: '600 MB of Buffers with a limit of 64 MB',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: notStopped("Buffers are the server's memory"),
      process: stopped('memory of the worker and all it started is limited'),
      confined: stopped('memory of the worker and all it started is limited'),
    },
  },
  {
    name: 'memory-children',
    file: 'memory-children.py',
    group: 'exhaust',
    intent: '600 MB in six child processes with a limit of 64 MB',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: noThread,
      process: stopped('memory of the worker and all it started is limited'),
      confined: stopped('memory of the worker and all it started is limited'),
    },
  },
  {
    name: 'memory-escaped',
    file: 'memory-escaped.py',
    group: 'exhaust',
    intent: '600 MB in six processes that left its group',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: noThread,
      process: stopped('what descends from the worker is counted'),
      confined: stopped('memory of the worker and all it started is limited'),
    },
  },
  {
    name: 'memory-left-groups',
    file: 'memory-left-groups.py',
    group: 'exhaust',
    intent: '600 MB in six processes that left its control groups too',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: noThread,
      process: notStopped('it leaves them, and is not counted', 'looseGroups'),
      confined: stopped('it sees no control groups'),
    },
  },
  {
    name: 'raise-baseline',
    file: 'raise-baseline.py',
    group: 'exhaust',
    intent: 'Hold 600 MB and say each time that the worker has only begun',
    manifest: limited,
    place: 'alone',
    worked: gotThrough,
    verdicts: {
      thread: noThread,
      process: stopped('a worker begins once'),
      confined: stopped('a worker begins once'),
    },
  },
  {
    name: 'flood-credit',
    file: 'flood-credit.mjs',
    group: 'exhaust',
    intent: 'Have the server keep all that a caller sends, by saying that it was taken',
    place: 'alone',
    call: (name, host) => host.upload(name, uploadedBytes),
    worked: ({ host }) => host.memoryAtMost > uploadedBytes / 2,
    verdicts: {
      thread: noDescriptors,
      process: stopped('more than was sent can not have been taken'),
      confined: stopped('more than was sent can not have been taken'),
    },
  },
  {
    name: 'fork-bomb',
    file: 'fork-bomb.py',
    group: 'exhaust',
    intent: '300 processes',
    manifest: { memory_mb: 2048 },
    place: 'alone',
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: stopped('processes are limited'),
      confined: stopped('processes are limited'),
    },
  },
  {
    name: 'open-files',
    file: 'open-files.mjs',
    group: 'exhaust',
    intent: 'Open files until the server has no descriptors left',
    place: 'last',
    worked: ({ host }) => host.filesAtMost >= openFilesAtMost - 1,
    verdicts: {
      thread: notStopped("a thread's descriptors are the server's"),
      process: stopped('descriptors are limited for each process'),
      confined: stopped('descriptors are limited for each process'),
    },
  },
  {
    name: 'fill-disk',
    file: 'fill-disk.py',
    group: 'exhaust',
    intent: 'A temporary file of 600 MB',
    place: 'alone',
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: notStopped("the temporary folder is on the server's disk"),
      confined: stopped('the temporary folder has a size'),
    },
  },
  {
    name: 'fill-folder',
    file: 'fill-folder.py',
    group: 'exhaust',
    intent: '30,000 files',
    manifest: { memory_mb: 16 },
    place: 'alone',
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: doesNotApply("the temporary folder is on the server's disk: see fill-disk"),
      confined: notStopped('what the kernel keeps for them is counted by control groups alone', 'noGroups'),
    },
  },
  {
    name: 'flood-log',
    file: 'flood-log.mjs',
    group: 'exhaust',
    intent: '60 MB of log',
    place: 'alone',
    worked: ({ outcome }) => outcome.log.length > logLimit + 1000,
    verdicts: { thread: cutLog, process: cutLog, confined: cutLog },
  },
  {
    name: 'flood-output',
    file: 'flood-output.sh',
    group: 'exhaust',
    intent: '100 MB of output by a program',
    place: 'alone',
    worked: ({ outcome }) => outcome.reason !== 'result_too_large' || outcome.log.length > logLimit + 1000,
    verdicts: {
      thread: noThread,
      process: stopped('the result is refused at its limit'),
      confined: stopped('the result is refused at its limit'),
    },
  },
  {
    name: 'flood-result',
    file: 'flood-result.mjs',
    group: 'exhaust',
    intent: 'A result of 48 MB',
    place: 'alone',
    worked: ({ outcome }) => outcome.reason !== 'result_too_large',
    verdicts: {
      thread: stopped('refused at its limit'),
      process: stopped('refused at its limit'),
      confined: stopped('refused at its limit'),
    },
  },
  {
    name: 'flood-messages',
    file: 'flood-messages.py',
    group: 'exhaust',
    intent: 'Small messages to the server without end, of runs that are not there',
    place: 'alone',
    worked: ({ outcome }) => Number(outcome.result) > heardAtMost,
    verdicts: {
      thread: noThread,
      process: stopped('no more are taken than leave time for others'),
      confined: stopped('no more are taken than leave time for others'),
    },
  },
  {
    name: 'flood-frames',
    file: 'flood-frames.py',
    group: 'exhaust',
    intent: 'A message of 4 GB to the server',
    place: 'alone',
    worked: ({ outcome }) => outcome.reason !== 'worker_lost',
    verdicts: {
      thread: noThread,
      process: stopped('a worker that breaks the protocol is killed'),
      confined: stopped('a worker that breaks the protocol is killed'),
    },
  },
];
