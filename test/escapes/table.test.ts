import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { table } from './table.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What can't be held without control groups, whatever wall there is. */
const withoutGroups = ['fill-folder'];

test('confined lets nothing in the table through, but for what only control groups can hold', () => {
  for (const { name, verdicts } of table) {
    if (verdicts.confined.is !== 'not stopped') continue;
    assert.deepEqual([verdicts.confined.onlyWhere, withoutGroups.includes(name)], ['noGroups', true], name);
  }
});

test('every attack has a name of its own and a reason for each level', () => {
  assert.equal(new Set(table.map(({ name }) => name)).size, table.length);
  assert.ok(table.length >= 50);
  for (const { name, intent, verdicts } of table) {
    assert.ok(intent !== '' && Object.values(verdicts).every(({ because }) => because !== ''), name);
    assert.ok(
      Object.values(verdicts).some(({ is }) => is !== 'does not apply'),
      name,
    );
  }
});

test('every hostile function is in the table', () => {
  const files = ['test/escapes/attacks', 'src/cli/doctor/isolation/pushed/probes'].flatMap((folder) =>
    readdirSync(root + folder),
  );
  const named = new Set(table.map(({ file }) => file));
  assert.deepEqual(
    files.filter((file) => !named.has(file)),
    [],
  );
});
