import assert from 'node:assert/strict';
import test from 'node:test';
import { table } from '../../bench/table.js';

test('each row is one line under its head, with its verdict last', () => {
  const [head, first, second] = table([
    {
      what: 'sync call',
      measured: 12_345.6,
      unit: '1/s',
      p50: 1.5,
      cpuUs: 45.67,
      rssMb: 99.7,
      spread: 0.031,
      peer: 'bare fastify',
      ratio: 0.876,
      target: 'ratio >= 0.85',
      reached: true,
    },
    { what: 'first call', measured: 6.2, unit: 'ms', target: '<= 5', reached: false },
  ]).split('\n') as [string, string, string];
  assert.deepEqual(first.split(/ {2,}/), [
    'sync call',
    '0.88',
    'bare fastify',
    '12346 1/s',
    '1.500',
    '45.7',
    '100',
    '3%',
    'ratio >= 0.85',
    'reached',
  ]);
  assert.deepEqual(second.split(/ {2,}/), ['first call', '6.200 ms', '<= 5', 'not reached']);
  assert.equal(head.indexOf('measured'), first.indexOf('12346'));
  assert.equal(head.indexOf('measured'), second.indexOf('6.200'));
});

test('what could not be measured is said below, with the reason', () => {
  const lines = table([{ what: 'workerd', absent: 'no such file' }]).split('\n');
  assert.equal(lines.at(-1), 'workerd: not measured here: no such file');
});
