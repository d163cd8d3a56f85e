import type { Listener } from '../../../src/cli/doctor/isolation/bait.js';
import type { Attack } from '../attack.js';
import { findProcesses } from '../processes.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { hasProcess } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const withNamespace = stopped('all of its pid namespace is killed with its first process');
const byGroup = stopped('its group is killed');
const fresh = { fresh: true };

export const outliveAttacks: readonly Attack[] = [
  {
    name: 'outlive-session',
    file: 'outlive-session.py',
    group: 'outlive',
    intent: 'Start a process in a session of its own (setsid)',
    manifest: fresh,
    worked: hasProcess,
    settles: true,
    verdicts: { thread: noThread, process: stopped('found by its HOME and killed soon after'), confined: withNamespace },
  },
  {
    name: 'outlive-detached',
    file: 'start-left-process.mjs',
    group: 'outlive',
    intent: 'The same without an environment to be found by',
    manifest: fresh,
    worked: hasProcess,
    settles: true,
    verdicts: {
      thread: notStopped('nobody knows of it'),
      process: notStopped('nothing tells whose it is', 'noGroups'),
      confined: withNamespace,
    },
  },
  {
    name: 'outlive-unseen',
    file: 'outlive-unseen.sh',
    group: 'outlive',
    intent: 'Become a daemon: no group, no parent, no environment, no descriptors',
    worked: hasProcess,
    settles: true,
    verdicts: { thread: noThread, process: notStopped('nothing tells whose it is', 'noGroups'), confined: withNamespace },
  },
  {
    name: 'outlive-nohup',
    file: 'outlive-nohup.sh',
    group: 'outlive',
    intent: 'Leave a process by nohup',
    worked: hasProcess,
    settles: true,
    verdicts: { thread: noThread, process: byGroup, confined: withNamespace },
  },
  {
    name: 'outlive-exit',
    file: 'outlive-exit.py',
    group: 'outlive',
    intent: 'Start anew in an exit handler or at SIGTERM',
    manifest: fresh,
    worked: hasProcess,
    settles: true,
    verdicts: { thread: noThread, process: stopped('workers are killed, not asked'), confined: withNamespace },
  },
  {
    name: 'ignore-end',
    file: 'ignore-end.sh',
    group: 'outlive',
    intent: 'Ignore SIGTERM at its timeout',
    manifest: { timeout_ms: 700 },
    worked: (scene) => scene.outcome.reason !== 'timeout' || hasProcess(scene),
    settles: true,
    verdicts: { thread: noThread, process: byGroup, confined: withNamespace },
  },
  {
    name: 'stop-itself',
    file: 'stop-itself.py',
    group: 'outlive',
    intent: 'Hold itself (SIGSTOP) so that it never ends',
    worked: ({ outcome }) => outcome.state !== 'failed',
    verdicts: {
      thread: noThread,
      process: stopped('killed after five seconds'),
      confined: stopped('killed after five seconds'),
    },
  },
  {
    name: 'never-ending',
    file: 'never-ending.mjs',
    group: 'outlive',
    intent: 'Loop without end',
    manifest: { timeout_ms: 700 },
    worked: ({ outcome }) => outcome.reason !== 'timeout',
    verdicts: {
      thread: stopped('the thread is terminated at its timeout'),
      process: stopped('killed at its timeout'),
      confined: stopped('killed at its timeout'),
    },
  },
  {
    name: 'cling',
    file: 'cling.mjs',
    group: 'outlive',
    intent: 'Survive the deletion of its function, with every signal handled',
    worked: async ({ host, bait }) => {
      await host.remove('x-cling').catch(() => undefined);
      return findProcesses(bait.marker).length > 0 || speaksOn(host.onHost.tcp, bait.marker);
    },
    settles: true,
    verdicts: {
      thread: stopped('the thread is terminated'),
      process: stopped('killed'),
      confined: stopped('killed'),
    },
  },
];

async function speaksOn(listener: Listener, words: string): Promise<boolean> {
  const before = await listener.count(words);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return (await listener.count(words)) > before;
}
