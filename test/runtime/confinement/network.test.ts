import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test, type TestContext } from 'node:test';
import { skipWithout } from '../../servers/find-binary.js';
import { openConfinement } from '../../../src/runtime/confinement/open-confinement.js';
import { confinement, confinementOptions, deploy, makeExecutor, resultOf, runOnce } from '../support.js';
import { assertCells, needsCells } from './support.js';

const isolation = 'confined';
/** Set aside for documents: no machine has it. */
const worldAddress = '198.51.100.77';
const needsSlirp = { skip: skipWithout('bwrap', 'slirp4netns') };

/** A service of this machine on all its addresses; gives its port. */
async function serve(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.end('secret'));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return (server.address() as { port: number }).port;
}

function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

test('without a word about it a function has no network at all', needsCells, async (t) => {
  assertCells();
  const port = await serve(t);
  const targets = [
    ['127.0.0.1', port],
    [ownAddress() ?? '192.0.2.1', port],
    ['169.254.169.254', 80],
    ['10.0.2.2', port],
  ];
  const executor = makeExecutor(t);
  assert.deepEqual(await resultOf(executor, deploy('in-a-cell/connect.mjs'), { isolation, payload: targets }), [
    'ECONNREFUSED',
    'ENETUNREACH',
    'ENETUNREACH',
    'ENETUNREACH',
  ]);
  assert.deepEqual(
    await resultOf(executor, deploy('in-a-cell/connect.mjs'), { isolation: 'process', payload: targets.slice(0, 1) }),
    ['said secret'],
  );
});

test(
  "network outbound leads to the world, not to this machine's own services nor to a cloud's metadata",
  needsSlirp,
  async (t) => {
    const port = await serve(t);
    const own = ownAddress();
    const targets = [
      ['127.0.0.1', port],
      ['169.254.169.254', 80],
      ['10.0.2.2', port],
      ...(own === undefined ? [] : [[own, port]]),
    ];
    const version = deploy('in-a-cell/connect.mjs', { network: 'outbound' });
    assert.deepEqual(await resultOf(makeExecutor(t), version, { isolation, payload: targets }), [
      'ECONNREFUSED',
      'EHOSTUNREACH',
      'ENETUNREACH',
      ...(own === undefined ? [] : ['EHOSTUNREACH']),
    ]);
    const look = deploy('in-a-cell/look.mjs', { network: 'outbound' });
    const { networks, etc } = (await resultOf(makeExecutor(t), look, { isolation, payload: {} })) as Record<string, string[]>;
    assert.deepEqual(networks!.sort(), ['lo', 'tap0']);
    assert.ok(etc!.includes('resolv.conf'));
  },
);

test('network outbound leads to other machines', needsSlirp, async (t) => {
  const version = deploy('in-a-cell/connect.mjs', { network: 'outbound' });
  const executor = makeExecutor(t);
  const port = await serve(t);
  assert.deepEqual(await resultOf(executor, version, { isolation, payload: [] }), []);
  // An address that this machine has from now on is, for a cell that was joined before, one of the world's.
  const added = spawnSync('ip', ['address', 'add', `${worldAddress}/32`, 'dev', 'lo'], { encoding: 'utf8' });
  t.after(() => spawnSync('ip', ['address', 'del', `${worldAddress}/32`, 'dev', 'lo']));
  const [how] = (await resultOf(executor, version, { isolation, payload: [[worldAddress, port]] })) as string[];
  // Only root can give an address; without it the connection gets out and finds nobody.
  if (added.status === 0) assert.equal(how, 'said secret');
  else assert.notEqual(how, 'EHOSTUNREACH');
  const later = { ...version, key: 'later' };
  const [blocked] = (await resultOf(executor, later, { isolation, payload: [[worldAddress, port]] })) as string[];
  if (added.status === 0) assert.equal(blocked, 'EHOSTUNREACH');
});

test('an executable has its network before it begins', needsSlirp, async (t) => {
  const version = deploy('in-a-cell/routes.sh', { network: 'outbound' });
  const routes = String(await resultOf(makeExecutor(t), version, { isolation }));
  assert.match(routes, /^tap0\t00000000\t0202000A/m);
  const none = String(await resultOf(makeExecutor(t), deploy('in-a-cell/routes.sh'), { isolation }));
  assert.doesNotMatch(none, /tap0/);
});

test('a function that wants the world is refused where it can not be had without sharing the network', needsCells, async (t) => {
  const cells = Object.assign(Object.create(confinement.cells) as object, {
    outbound: { how: 'none', problem: 'no slirp4netns' },
  });
  const executor = makeExecutor(t, { confinement: { cells: cells as NonNullable<typeof confinement.cells>, problem: null } });
  const version = deploy('in-a-cell/connect.mjs', { network: 'outbound' });
  await assert.rejects(runOnce(executor, version, { isolation }), { code: 'isolation_unavailable', message: /no slirp4netns/ });
});

test("by LANEWAY_OUTBOUND_NETWORK=host it has the server's own network", needsCells, async (t) => {
  const port = await serve(t);
  const executor = makeExecutor(t, { confinement: await openConfinement({ ...confinementOptions, outbound: 'host' }) });
  const version = deploy('in-a-cell/connect.mjs', { network: 'outbound' });
  assert.deepEqual(await resultOf(executor, version, { isolation, payload: [['127.0.0.1', port]] }), ['said secret']);
  const none = { ...deploy('in-a-cell/connect.mjs', { network: 'none' }), key: 'none' };
  assert.deepEqual(await resultOf(executor, none, { isolation, payload: [['127.0.0.1', port]] }), ['ECONNREFUSED']);
});

test('a function that wants no network is refused where nothing can keep it away', async (t) => {
  const version = deploy('in-a-cell/connect.mjs', { network: 'none' });
  for (const level of ['thread', 'process'] as const) {
    await assert.rejects(runOnce(makeExecutor(t), version, { isolation: level }), { code: 'isolation_unavailable' });
  }
});
