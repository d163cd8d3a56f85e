import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settings } from '../../src/config/settings.js';
import { tracingVariables } from '../../src/config/tracing-settings.js';
import { errorTable } from '../../src/errors.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('the documents made from the code are the ones in the project', () => {
  const { status, output } = writeDocs('--check');
  assert.equal(status, 0, output);
});

test('a document that was changed by hand, or is missing, is named and fails the check', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'laneway-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeDocs('--into', folder);
  appendFileSync(join(folder, 'docs/limits.md'), 'by hand\n');
  rmSync(join(folder, '.env.example'));
  const { status, output } = writeDocs('--check', '--into', folder);
  assert.equal(status, 1);
  assert.match(output, /docs\/limits\.md is not/);
  assert.match(output, /\.env\.example is not/);
  assert.doesNotMatch(output, /errors\.md/);
});

test('docs/errors.md and the table of errors agree both ways', () => {
  const documented = rowsOf('docs/errors.md').map(([code, status, message]) => [code, Number(status), message]);
  const real = Object.entries(errorTable).map(([code, [status, message]]) => [code, status, message]);
  assert.deepEqual(documented, real);
});

test('docs/configuration.md and .env.example have every setting once, and no other', () => {
  const names = Object.keys(settings).map((name) => `LANEWAY_${name}`);
  const documented = rowsOf('docs/configuration.md').map((cells) => cells[0]!);
  assert.deepEqual(documented.toSorted(), [...names, ...Object.keys(tracingVariables)].toSorted());
  const inExample = [...read('.env.example').matchAll(/^# (LANEWAY_\w+)=/gm)].map(([, name]) => name!);
  assert.deepEqual(inExample.toSorted(), names.toSorted());
});

test('every variable that docker-compose.yml asks for is in .env.example', () => {
  const asked = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
  const example = read('.env.example');
  assert.ok(asked.length > 5);
  for (const name of asked) assert.match(example, new RegExp(`^# ${name}=`, 'm'));
});

function writeDocs(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/write-docs.js'), ...args], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The cells of a page's tables whose first cell is a word in backticks. */
function rowsOf(path: string): string[][] {
  const lines = read(path).split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => line.slice(2, -2).split(' | ').map((cell, index) => (index === 0 ? cell.replaceAll('`', '') : cell)));
}
