// Runs the compiled tests: all, or those whose path contains one of the words given.
// `node --test` exits 0 on skips; with CI=true a skipped test is a failure here.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2);
const files = readdirSync(join(root, 'dist/test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort()
  .map((file) => join(root, 'dist/test', file));
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}

let failed = 0;
const skipped = [];
const stream = run({ files, concurrency: 2, timeout: 300_000 });
stream.on('test:fail', () => (failed += 1));
stream.on('test:pass', (test) => {
  if (test.skip !== undefined && test.skip !== false) skipped.push(`${test.name}: ${test.skip}`);
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  if (skipped.length > 0) console.error(`\n${skipped.length} skipped:\n  ${skipped.join('\n  ')}`);
  process.exitCode = failed > 0 || (process.env.CI === 'true' && skipped.length > 0) ? 1 : 0;
});
