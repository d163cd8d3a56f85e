import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { checkDestination } from '../../../src/runs/deliveries/check-destination.js';
import { judgingLookup, refusalOfAddress } from '../../../src/runs/deliveries/webhook-address.js';

const never = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.0.1',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'ff02::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '::a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '2001:0:1234::1',
  'no address',
  '',
];
const onlyIfAllowed = [
  '127.0.0.1',
  '127.255.255.254',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '198.18.0.1',
  '::1',
  'fc00::1',
  'fdff::1',
  'fec0::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '2002:0a00:0001::',
];
const open = [
  '1.1.1.1',
  '172.32.0.1',
  '172.15.255.255',
  '100.63.0.1',
  '100.128.0.1',
  '192.169.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::101:101',
  '2a00::',
];

test('link-local, metadata, multicast, unspecified and reserved addresses are never reached', () => {
  for (const address of never) {
    assert.match(refusalOfAddress(address, true) ?? 'reached', /never allowed/, address);
    assert.match(refusalOfAddress(address, false) ?? 'reached', /never allowed/, address);
  }
});

test('loopback and private addresses are reached only where that is allowed', () => {
  for (const address of onlyIfAllowed) {
    assert.match(refusalOfAddress(address, false) ?? 'reached', /LANEWAY_WEBHOOK_PRIVATE/, address);
    assert.equal(refusalOfAddress(address, true), null, address);
  }
});

test('the addresses beside those ranges are reached', () => {
  for (const address of open) assert.equal(refusalOfAddress(address, false), null, address);
});

test('a webhook to a refused address is refused in every spelling of it, and with credentials', () => {
  const spellings = [
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://017700000001:9/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'http://user:secret@example.com/',
    'http://user@example.com/',
    'ftp://example.com/',
    'http://',
    'http://exa mple.com/',
  ];
  for (const webhook of spellings)
    assert.throws(() => checkDestination({ webhook }, false), { code: 'destination_invalid' }, webhook);
  for (const webhook of ['https://example.com/hook', 'http://1.1.1.1:8080/', 'http://[2606:4700::1111]/'])
    assert.doesNotThrow(() => checkDestination({ webhook }, false), webhook);
  assert.doesNotThrow(() => checkDestination({ webhook: 'http://127.0.0.1/' }, true));
  assert.doesNotThrow(() => checkDestination({ function: 'f' }, false));
});

test('a name is judged by the addresses it leads to, in the very look that the connection uses', async () => {
  const look = (allowPrivate: boolean) => promisify(judgingLookup(allowPrivate));
  await assert.rejects(look(false)('localhost', { all: true }), /localhost leads to .* private/);
  const found = (await look(true)('localhost', { all: true })) as unknown as { address: string }[];
  assert.ok(found.length > 0 && found.every(({ address }) => ['127.0.0.1', '::1'].includes(address)));
});
