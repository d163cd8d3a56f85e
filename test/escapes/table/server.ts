import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import type { Attack } from '../attack.js';
import { hasEnded, readText } from '../processes.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { hasFileBelow, tells, tellsFingerprint } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const sameUser = notStopped('/proc of the same user can be read');
const mayTrace = notStopped('a process of the same user can be looked into', 'tracing');
const maySignal = notStopped('processes of the same user can be signalled');
const inItself = notStopped("it is in the server's process");
const noServer = stopped('there is no server in its pid namespace');

export const serverAttacks: readonly Attack[] = [
  {
    name: 'server-environment',
    file: 'read-server-environment.mjs',
    group: 'server',
    intent: "Read the server's environment in /proc",
    worked: tellsFingerprint(({ serverPid }) => readFileSync(`/proc/${serverPid}/environ`)),
    verdicts: { thread: sameUser, process: sameUser, confined: noServer },
  },
  {
    name: 'server-maps',
    file: 'server-maps.sh',
    group: 'server',
    intent: "Read the map of the server's memory",
    worked: tells(({ serverPid }) => /^.*\[stack\]$/m.exec(readText(`/proc/${serverPid}/maps`))![0].split(' ')[0]!),
    verdicts: { thread: noThread, process: sameUser, confined: noServer },
  },
  {
    name: 'server-memory',
    file: 'server-memory.py',
    group: 'server',
    intent: "Read the server's memory in /proc",
    worked: tells(({ environmentSecret }) => environmentSecret),
    verdicts: { thread: noThread, process: mayTrace, confined: noServer },
  },
  {
    name: 'process-vm-readv',
    file: 'process-vm-readv.py',
    group: 'server',
    intent: "Read the server's memory by process_vm_readv",
    worked: tells(({ environmentSecret }) => environmentSecret),
    verdicts: { thread: noThread, process: mayTrace, confined: noServer },
  },
  {
    name: 'trace-server',
    file: 'trace-server.py',
    group: 'server',
    intent: 'Attach to the server as a debugger (ptrace)',
    place: 'alone',
    worked: tells(({ environmentSecret }) => environmentSecret),
    verdicts: { thread: noThread, process: mayTrace, confined: noServer },
  },
  {
    name: 'other-secrets',
    file: 'other-secrets.py',
    group: 'server',
    intent: "Read another function's secrets in its environment",
    worked: tells(({ victimSecret }) => victimSecret),
    verdicts: { thread: noThread, process: sameUser, confined: stopped('its pid namespace holds its own processes alone') },
  },
  {
    name: 'other-memory',
    file: 'other-memory.py',
    group: 'server',
    intent: "Read another function's secrets in its worker's memory",
    worked: tells(({ victimSecret }) => victimSecret),
    verdicts: { thread: noThread, process: mayTrace, confined: stopped('its pid namespace holds its own processes alone') },
  },
  {
    name: 'see-processes',
    file: 'see-host-processes.mjs',
    group: 'server',
    intent: 'See the processes of the machine',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: sameUser, process: sameUser, confined: stopped('its pid namespace holds its own processes alone') },
  },
  {
    name: 'signal-process',
    file: 'signal-host-process.mjs',
    group: 'server',
    intent: 'End another process of the machine',
    place: 'alone',
    worked: ({ bait }) => hasEnded(bait.host.process),
    verdicts: { thread: maySignal, process: maySignal, confined: stopped('its pid namespace holds its own processes alone') },
  },
  {
    name: 'become-admin',
    file: 'become-admin.mjs',
    group: 'server',
    intent: 'Make itself a key with every right',
    worked: async ({ host, bait }) => (await host.ask('GET', '/api/v1/keys')).text.includes(bait.marker),
    verdicts: {
      thread: notStopped('it can read the admin key'),
      process: notStopped('it can read the admin key'),
      confined: stopped('it has neither the key nor a way to the server'),
    },
  },
  {
    name: 'kill-server',
    file: 'kill-server.mjs',
    group: 'server',
    intent: 'Kill the server',
    place: 'last',
    worked: ({ bait }) => hasEnded(bait.server.pid),
    verdicts: { thread: inItself, process: maySignal, confined: noServer },
  },
  {
    name: 'stop-server',
    file: 'stop-server.sh',
    group: 'server',
    intent: 'Hold the server (SIGSTOP)',
    place: 'last',
    worked: ({ host }) => host.wasHeld,
    verdicts: { thread: noThread, process: maySignal, confined: noServer },
  },
  {
    name: 'debug-server',
    file: 'debug-server.mjs',
    group: 'server',
    intent: 'Have the server open its debugger (SIGUSR1)',
    place: 'last',
    worked: ({ host }) => host.output.includes('Debugger listening'),
    verdicts: { thread: inItself, process: maySignal, confined: noServer },
  },
  {
    name: 'renice-server',
    file: 'renice-server.mjs',
    group: 'server',
    intent: "Lower the server's priority",
    place: 'last',
    worked: ({ host }) => getPriority(host.serverPid) === 7,
    verdicts: { thread: inItself, process: notStopped('the same user may'), confined: noServer },
  },
  {
    name: 'limit-server',
    file: 'limit-server.py',
    group: 'server',
    intent: "Lower a limit of the server's (prlimit)",
    place: 'last',
    worked: ({ host }) => readText(`/proc/${host.serverPid}/limits`).includes('3600000000'),
    verdicts: { thread: noThread, process: notStopped('the same user may'), confined: noServer },
  },
  {
    name: 'score-server',
    file: 'score-server.sh',
    group: 'server',
    intent: 'Have the kernel kill the server first when memory is short',
    place: 'last',
    worked: ({ host }) => readText(`/proc/${host.serverPid}/oom_score_adj`).trim() === '777',
    verdicts: { thread: noThread, process: notStopped('the same user may'), confined: noServer },
  },
  {
    name: 'dump-core',
    file: 'dump-core.py',
    group: 'server',
    intent: 'Leave its memory on the disk by a crash',
    worked: ({ host, outcome }) =>
      outcome.result.includes('"signal":true') && hasFileBelow(join(host.dataFolder, 'workers'), /^core/),
    verdicts: {
      thread: noThread,
      process: notStopped('it is in a file in its temporary folder', 'cores'),
      confined: stopped('its temporary folder is memory, and goes with it'),
    },
  },
  {
    name: 'preload-launcher',
    file: 'preload-launcher.so.c',
    group: 'server',
    intent: 'Be loaded (LD_PRELOAD) into the program that gives the rights of the server away',
    manifest: { env: { LD_PRELOAD: './loaded.so' } },
    worked: ({ outcome }) => /loaded by user \d+ into (setpriv|bwrap)/.test(outcome.log),
    verdicts: {
      thread: doesNotApply('programs run in processes'),
      process: notStopped("it has the same rights as the server's anyway"),
      confined: stopped('what its manifest says is set when its rights are gone'),
    },
  },
  {
    name: 'gain-privileges',
    file: 'gain-privileges.py',
    group: 'server',
    intent: 'Get more rights by a setuid program',
    worked: ({ outcome }) => outcome.result.includes('"no_new_privileges":"0"'),
    verdicts: {
      thread: noThread,
      process: notStopped('setuid programs work as for every process of the user'),
      confined: stopped('no new privileges, for it and all it starts'),
    },
  },
];
