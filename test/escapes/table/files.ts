import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../until.js';
import type { Attack } from '../attack.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { readText } from '../processes.js';
import { hasLeftFileBelow, hasLeftFileIn, hasWritten, tells, tellsFingerprint } from '../witnesses.js';

const sameUser = notStopped('the same user may read it');
const mayWrite = notStopped('the same user may write there');
const noThread = doesNotApply('only Node code runs in threads');
const notThere = stopped('it is not there: no folder of the host but the system and its own version');
const readOnly = stopped('it is not there, or mounted read-only');

export const fileAttacks: readonly Attack[] = [
  {
    name: 'read-admin-key',
    file: 'read-admin-key.mjs',
    group: 'files',
    intent: 'Read the admin key',
    worked: tellsFingerprint(({ dataFolder }) => readFileSync(join(dataFolder, 'admin-key'))),
    verdicts: { thread: sameUser, process: sameUser, confined: notThere },
  },
  {
    name: 'read-seal-key',
    file: 'read-seal-key.sh',
    group: 'files',
    intent: 'Read the key that secrets are sealed with',
    worked: tellsFingerprint(({ dataFolder }) => readFileSync(join(dataFolder, 'secret-key'))),
    verdicts: { thread: noThread, process: sameUser, confined: notThere },
  },
  {
    name: 'read-records',
    file: 'read-records.mjs',
    group: 'files',
    intent: 'Open the SQLite file',
    worked: tells(() => 'SQLite format 3'),
    verdicts: { thread: sameUser, process: sameUser, confined: notThere },
  },
  {
    name: 'read-records-text',
    file: 'read-records-text.py',
    group: 'files',
    intent: "Find other runs' logs in the SQLite file",
    worked: tells(({ victimPayload }) => victimPayload),
    verdicts: { thread: noThread, process: sameUser, confined: notThere },
  },
  {
    name: 'read-other-code',
    file: 'read-other-code.sh',
    group: 'files',
    intent: "Read another function's code in the store",
    worked: tells(({ victimCode }) => victimCode),
    verdicts: { thread: noThread, process: sameUser, confined: notThere },
  },
  {
    name: 'read-other-tmp',
    file: 'read-other-tmp.py',
    group: 'files',
    intent: "Read another function's temporary files",
    worked: tells(({ victimFile }) => victimFile),
    verdicts: { thread: noThread, process: sameUser, confined: notThere },
  },
  {
    name: 'read-host-file',
    file: 'read-host-file.mjs',
    group: 'files',
    intent: "Read a private file of the server's user",
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: sameUser, process: sameUser, confined: notThere },
  },
  {
    name: 'read-through-link',
    file: 'read-through-link.mjs',
    group: 'files',
    intent: 'Read it through a symbolic link made at run time',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: sameUser, process: sameUser, confined: stopped('the link leads to where nothing is') },
  },
  {
    name: 'hard-link',
    file: 'hard-link.py',
    group: 'files',
    intent: 'Read it through a hard link',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: noThread, process: sameUser, confined: notThere },
  },
  {
    name: 'read-by-binding',
    file: 'read-by-binding.mjs',
    group: 'files',
    intent: "Read it by Node's inner bindings",
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: sameUser, process: sameUser, confined: notThere },
  },
  {
    name: 'native-code',
    file: 'escape-native.c',
    group: 'files',
    intent: 'Read it by machine code of its own',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: doesNotApply('programs run in processes'), process: sameUser, confined: notThere },
  },
  {
    name: 'server-root',
    file: 'server-root.sh',
    group: 'files',
    intent: 'Read it through /proc/<pid>/root of the server and of process 1',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: { thread: noThread, process: sameUser, confined: stopped("its /proc has no other user's processes") },
  },
  {
    name: 'own-descriptors',
    file: 'read-own-descriptors.mjs',
    group: 'files',
    intent: 'Use descriptors that it inherited',
    worked: tells(({ dataFolder }) => join(dataFolder, 'laneway.db')),
    verdicts: {
      thread: notStopped("a thread has the server's descriptors"),
      process: stopped('nothing is handed down but its own four'),
      confined: stopped('nothing is handed down but its own four'),
    },
  },
  {
    name: 'inherited-descriptor',
    file: 'inherited-descriptor.mjs',
    group: 'files',
    intent: 'Read a file that whoever started the server had left open',
    worked: tells(({ inheritedSecret }) => inheritedSecret),
    verdicts: {
      thread: stopped('the server closes what it is handed'),
      process: stopped('the server closes what it is handed'),
      confined: stopped('the server closes what it is handed'),
    },
  },
  {
    name: 'server-descriptors',
    file: 'server-descriptors.py',
    group: 'files',
    intent: "Open the server's files through /proc/<pid>/fd",
    worked: tells(() => 'SQLite format 3'),
    verdicts: { thread: noThread, process: sameUser, confined: stopped('its /proc has no server') },
  },
  {
    name: 'link-in-zip',
    file: 'link-in-zip',
    group: 'files',
    intent: 'Bring a symbolic link in the zip that leads out of it',
    worked: tells(({ onHost }) => onHost.secret),
    verdicts: {
      thread: stopped('the push is refused'),
      process: stopped('the push is refused'),
      confined: stopped('the push is refused'),
    },
  },
  {
    name: 'delete-through-link',
    file: 'delete-through-link.py',
    group: 'files',
    intent: 'Have the server delete files of the host when it empties the temporary folder',
    manifest: { fresh: true },
    worked: async ({ host, bait }) => {
      const scratch = join(host.dataFolder, 'workers/tmp');
      await until(() => readdirSync(scratch).every((name) => !lstatSync(join(scratch, name)).isSymbolicLink()));
      return readText(join(bait.host.folder, 'kept')) !== 'kept';
    },
    verdicts: {
      thread: noThread,
      process: stopped('links are removed, never followed'),
      confined: stopped('links are removed, never followed'),
    },
  },
  {
    name: 'write-host-file',
    file: 'write-host-file.mjs',
    group: 'files',
    intent: "Write where the server's user may",
    worked: hasLeftFileIn(({ host }) => host.folder),
    verdicts: { thread: mayWrite, process: mayWrite, confined: readOnly },
  },
  {
    name: 'write-own-version',
    file: 'write-own-version.mjs',
    group: 'files',
    intent: "Change its own version's folder",
    worked: hasLeftFileBelow(({ server }) => server.store),
    verdicts: { thread: mayWrite, process: mayWrite, confined: stopped('its version is mounted read-only') },
  },
  {
    name: 'write-other-version',
    file: 'write-other-version.sh',
    group: 'files',
    intent: "Change another function's code",
    worked: ({ bait }) => readText(bait.victim.file).includes(bait.marker),
    verdicts: { thread: noThread, process: mayWrite, confined: readOnly },
  },
  {
    name: 'write-server-code',
    file: 'write-server-code.mjs',
    group: 'files',
    intent: "Put a file among the server's code",
    worked: hasLeftFileIn(({ server }) => server.code),
    verdicts: { thread: mayWrite, process: mayWrite, confined: readOnly },
  },
  {
    name: 'write-data-folder',
    file: 'write-data-folder.py',
    group: 'files',
    intent: 'Put a file into the data folder',
    worked: hasLeftFileIn(({ server }) => join(server.data, 'workers/pids')),
    verdicts: { thread: noThread, process: mayWrite, confined: readOnly },
  },
  {
    name: 'write-other-tmp',
    file: 'write-other-tmp.mjs',
    group: 'files',
    intent: "Put a file into other workers' temporary folders",
    worked: hasLeftFileBelow(({ server }) => join(server.data, 'workers/tmp')),
    verdicts: { thread: mayWrite, process: mayWrite, confined: readOnly },
  },
  {
    name: 'write-shared-folder',
    file: 'write-shared-folder.mjs',
    group: 'files',
    intent: "Leave a file in the machine's /tmp",
    worked: hasLeftFileIn(() => '/tmp'),
    verdicts: { thread: mayWrite, process: mayWrite, confined: stopped('its /tmp is its own') },
  },
  {
    name: 'write-shared-memory',
    file: 'write-shared-memory.py',
    group: 'files',
    intent: "Leave a file in the machine's /dev/shm",
    worked: hasLeftFileIn(() => '/dev/shm'),
    verdicts: { thread: noThread, process: mayWrite, confined: stopped('its /dev is its own') },
  },
  {
    name: 'write-system',
    file: 'write-system.sh',
    group: 'files',
    intent: 'Put a file into /etc',
    worked: hasWritten(({ marker }) => join('/etc', marker)),
    verdicts: { thread: noThread, process: notStopped('root may', 'root'), confined: readOnly },
  },
];
