import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { firstCalls } from './cases/first-call.js';
import { hostileArchives } from './cases/hostile-archives.js';
import { idleServer } from './cases/idle.js';
import { queuedRuns } from './cases/queued-runs.js';
import { syncCalls } from './cases/sync-calls.js';
import type { Row } from './row.js';
import { table } from './table.js';

/** `npm run bench [-- case...]`: every case in one run, one table, and the same as JSON in bench/results.json. */
const cases: Record<string, () => Promise<Row[]>> = {
  idle: idleServer,
  sync: () => syncCalls(5),
  first: firstCalls,
  queued: queuedRuns,
  archives: hostileArchives,
};

const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(cases);
const rows: Row[] = [];
for (const name of wanted) {
  const run = cases[name];
  if (run === undefined) throw new Error(`there is no case ${name}; there are ${Object.keys(cases).join(', ')}`);
  console.error(`${name}...`);
  rows.push(...(await run()));
}
console.log(table(rows));
if (wanted.length === Object.keys(cases).length) {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const results = { at: new Date().toISOString(), machine, rows };
  await writeFile(new URL('../../bench/results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
}
