import { resolve } from 'node:path';
import { cases } from './cases.js';
import { compareLines } from './compare.js';
import { profileServers } from './laneway.js';
import { readOptions } from './options.js';
import { readResults, resultsOf, writeResults } from './results.js';
import type { Line } from './row.js';
import { table } from './table.js';

/**
 * `npm run bench [-- case... --rounds N --compare FILE --cpu-prof FOLDER]`: every case in one run and one table. A whole run
 * at the usual pace is kept in bench/results.json and docs/performance.md.
 */
const fewestRounds = 5;
const known = Object.keys(cases);
const options = readOptions(process.argv.slice(2), known);
const earlier = options.compare === null ? null : await readResults(options.compare);
if (options.profiles !== null) profileServers(resolve(options.profiles));

const rows: Line[] = [];
for (const name of options.cases) rows.push(...(await runCase(name)));
console.log(table(rows));
const isWhole = options.cases.length === known.length && options.rounds >= fewestRounds && options.profiles === null;
if (isWhole && process.exitCode !== 1) await writeResults(resultsOf(rows));
if (earlier !== null) console.log(`\nagainst the run of ${earlier.at}\n${compareLines(earlier.rows, rows)}`);

/** A case that fails takes nothing of the others with it. */
async function runCase(name: string): Promise<Line[]> {
  const started = performance.now();
  try {
    return await cases[name]!({ rounds: options.rounds });
  } catch (error) {
    process.exitCode = 1;
    console.error(error);
    return [{ what: `case ${name}`, absent: (error as Error).message }];
  } finally {
    console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
