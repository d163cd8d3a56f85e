import { spawnSync } from 'node:child_process';
import type { Attack } from '../attack.js';
import { findProcesses, readText } from '../processes.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { resultHasMarker, tells } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const filtered = stopped('the system call is refused, and it has no capabilities');

export const kernelAttacks: readonly Attack[] = [
  {
    name: 'kernel-surface',
    file: 'kernel-surface.py',
    group: 'kernel',
    intent: 'Get through to ptrace, bpf, keyctl, kexec, mount, io_uring and their like',
    worked: tells(() => 'open ('),
    verdicts: { thread: noThread, process: notStopped('no system call is refused'), confined: filtered },
  },
  {
    name: 'new-namespace',
    file: 'new-namespace.sh',
    group: 'kernel',
    intent: 'Become root in a user namespace of its own',
    worked: tells(() => 'in it as 0'),
    verdicts: { thread: noThread, process: notStopped('as the kernel allows every user'), confined: filtered },
  },
  {
    name: 'mount-over',
    file: 'mount-over.sh',
    group: 'kernel',
    intent: 'Mount over a folder of the host',
    place: 'alone',
    worked: ({ bait }) => {
      const isMounted = readText('/proc/self/mounts').includes(bait.host.folder);
      if (isMounted) spawnSync('umount', [bait.host.folder]);
      return isMounted;
    },
    verdicts: { thread: noThread, process: notStopped('it may what the server may', 'mounts'), confined: filtered },
  },
  {
    name: 'share-key',
    file: 'share-key.py',
    group: 'kernel',
    intent: "Leave a note in the kernel's keyring for other functions",
    worked: ({ bait }) => readText('/proc/keys').includes(bait.marker),
    verdicts: { thread: noThread, process: notStopped('the keyring is that of the user'), confined: filtered },
  },
  {
    name: 'kernel-log',
    file: 'kernel-log.py',
    group: 'kernel',
    intent: "Read the kernel's log",
    worked: ({ outcome }) => /"read":[1-9]/.test(outcome.result),
    verdicts: { thread: noThread, process: notStopped('it may what the server may', 'kernelLog'), confined: filtered },
  },
  {
    name: 'make-device',
    file: 'make-device.py',
    group: 'kernel',
    intent: 'Make a device file and read the device',
    worked: resultHasMarker,
    verdicts: {
      thread: noThread,
      process: notStopped('it may what the server may', 'devices'),
      confined: stopped('it has no capabilities, and devices are shut in its tmp'),
    },
  },
  {
    name: 'real-time',
    file: 'real-time.py',
    group: 'kernel',
    intent: 'Give a process real-time priority over the whole machine',
    worked: ({ bait }) => findProcesses(bait.marker).some((pid) => schedulingOf(pid) === 1),
    verdicts: {
      thread: noThread,
      process: notStopped('it may what the server may', 'priorities'),
      confined: stopped('it has no capabilities'),
    },
  },
  {
    name: 'change-settings',
    file: 'change-settings.py',
    group: 'kernel',
    intent: 'Change settings of the kernel in /proc/sys',
    worked: tells(() => '"kernel/'),
    verdicts: {
      thread: noThread,
      process: notStopped('it may what the server may', 'settings'),
      confined: stopped('they belong to root'),
    },
  },
  {
    name: 'type-for-user',
    file: 'type-for-user.py',
    group: 'kernel',
    intent: 'Type into the terminal that the server was started from (TIOCSTI)',
    worked: ({ outcome }) => outcome.state === 'succeeded',
    verdicts: {
      thread: noThread,
      process: stopped('a worker is in a session without a terminal'),
      confined: stopped('a worker is in a session without a terminal'),
    },
  },
];

/** 1 is "first in, first out" of the real-time ones. */
function schedulingOf(pid: number): number {
  const stat = readText(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
}
