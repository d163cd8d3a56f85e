import { cases } from './cases.js';
import { compareLines } from './compare.js';
import { readOptions } from './options.js';
import { readResults, resultsOf, writeResults } from './results.js';
import type { Line } from './row.js';
import { table } from './table.js';

/**
 * `npm run bench [-- case... --rounds N --compare FILE]`: every case in one run and one table. A whole run at the usual pace
 * is kept in bench/results.json.
 */
const known = Object.keys(cases);
const options = readOptions(process.argv.slice(2), known);
const earlier = options.compare === null ? null : await readResults(options.compare);
const rows: Line[] = [];
for (const name of options.cases) {
  const started = performance.now();
  rows.push(...(await cases[name]!({ rounds: options.rounds })));
  console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
console.log(table(rows));
if (options.cases.length === known.length && options.rounds >= 5) await writeResults(resultsOf(rows));
if (earlier !== null) console.log(`\nagainst the run of ${earlier.at}\n${compareLines(earlier.rows, rows)}`);
