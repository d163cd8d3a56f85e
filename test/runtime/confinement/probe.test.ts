import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openConfinement } from '../../../src/runtime/confinement/open-confinement.js';
import { confinementOptions, deploy, makeExecutor, runOnce } from '../support.js';
import { assertCells, needsCells } from './support.js';

test('where bubblewrap is, the probe proves that functions can be confined', needsCells, () => {
  assertCells();
});

test('a wall that does not stand is named, and nothing is confined then', needsCells, async (t) => {
  const { cells, problem } = await openConfinement({ ...confinementOptions, hidden: ['/proc'] });
  assert.deepEqual([cells, problem], [null, '/proc can be seen']);
  const executor = makeExecutor(t, { confinement: { cells: null, problem: problem! } });
  await assert.rejects(runOnce(executor, deploy('echo-payload/index.mjs'), { isolation: 'confined' }), {
    code: 'isolation_unavailable',
    message: /proc can be seen/,
  });
});

test('what bubblewrap says is the reason when it can not make a cell', needsCells, async () => {
  const { cells, problem } = await openConfinement({ ...confinementOptions, tmpBytes: -1 });
  assert.equal(cells, null);
  assert.match(problem, /^bwrap: /);
});

test('what is hidden is not seen though it lies in a folder of the system', needsCells, async () => {
  const { problem } = await openConfinement({ ...confinementOptions, hidden: ['/usr/share', '/usr/nowhere'] });
  assert.equal(problem, null);
});

test('the whole holds for a server that is not root as well', needsCells, (t) => {
  if (process.getuid!() !== 0) return;
  const folder = folderOfNobody(t);
  const path = fileURLToPath(new URL('serve-once.js', import.meta.url));
  // Some machines keep the device that networks are made with from all but root.
  const device = 'mknod "$1/tun" c 10 200 && chmod 666 "$1/tun" && mount --bind "$1/tun" /dev/net/tun';
  const become = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups -- "$2" "$3" "$1"';
  const command = [
    '--mount',
    'sh',
    '-c',
    `{ [ ! -e /dev/net/tun ] || { ${device}; }; } && ${become}`,
    'sh',
    folder,
    process.execPath,
    path,
  ];
  const environment = { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder };
  const { stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', cwd: '/', env: environment });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify({ stderr })), {
    problem: null,
    uid: 1000,
    seccomp: '2',
    python: 2,
    executable: 'text\n',
    outbound: ['EHOSTUNREACH'],
    killed: 'the process was ended by signal SIGKILL',
  });
});

/** Below a folder that everybody may enter. */
function folderOfNobody(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-nobody-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const own = join(folder, 'own');
  mkdirSync(own);
  spawnSync('chown', ['65534:65534', own]);
  return own;
}
