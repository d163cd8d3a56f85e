import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { withLastRun } from '../../bench/page.js';
import type { Results } from '../../bench/results.js';

const root = new URL('../../../', import.meta.url);

test('docs/performance.md shows the run that bench/results.json holds', async () => {
  const page = await readFile(new URL('docs/performance.md', root), 'utf8');
  const results = JSON.parse(await readFile(new URL('bench/results.json', root), 'utf8')) as Results;
  assert.equal(withLastRun(page, results), page);
});

test('a page without a place for results is left alone', () => {
  const results: Results = {
    at: '2026-01-01T00:00:00Z',
    machine: { cpu: 'a', cores: 2, memoryGb: 4, node: 'v20.0.0' },
    rows: [],
  };
  assert.throws(() => withLastRun('# A page', results), /no place/);
});
