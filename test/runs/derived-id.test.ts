import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runIdPattern } from '../../src/contract/words.js';
import { derivedId } from '../../src/runs/derived-id.js';
import { readRunId } from '../../src/runs/run-id.js';

test('the same words give the same id, on every server and for ever', () => {
  assert.equal(derivedId('run end', 'a', 'success'), derivedId('run end', 'a', 'success'));
  // Written down: another one would start again what was started before an upgrade.
  assert.equal(derivedId('event run', 'e', 'f', 'latest'), 'bc66e1f0-80dc-85d4-9c84-461e1afa80aa');
});

test('other words, other kinds and words divided otherwise give other ids', () => {
  const ids = [
    derivedId('run end', 'a', 'success'),
    derivedId('run end', 'a', 'failure'),
    derivedId('event', 'a', 'success'),
    derivedId('run end', 'as', 'uccess'),
    derivedId('run end', 'a'),
  ];
  assert.equal(new Set(ids).size, ids.length);
});

test('it is a run id: a UUID of version 8', () => {
  for (let word = 0; word < 100; word += 1) {
    const id = derivedId('event', String(word));
    assert.match(id, new RegExp(runIdPattern));
    assert.match(id, /^.{14}8.{4}[89ab]/);
    assert.equal(readRunId(id), id);
  }
});
