import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { withLastRun } from './page.js';
import type { Line } from './row.js';

/** What a whole run leaves in bench/results.json. */
export interface Results {
  at: string;
  machine: { cpu: string | undefined; cores: number; memoryGb: number; node: string };
  rows: Line[];
}

const bench = new URL('../../bench/', import.meta.url).pathname;

/** Of this machine, now. */
export function resultsOf(rows: Line[]): Results {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  return { at: new Date().toISOString(), machine, rows };
}

/** A file given by its path, or one in bench/. */
export async function readResults(file: string): Promise<Results> {
  const path = existsSync(file) ? resolve(file) : join(bench, file);
  const results = JSON.parse(await readFile(path, 'utf8')) as Partial<Results>;
  if (!Array.isArray(results.rows)) throw new Error(`${path} holds no results of a benchmark`);
  return results as Results;
}

/** Into bench/results.json, and as the table of docs/performance.md. */
export async function writeResults(results: Results): Promise<void> {
  await writeFile(join(bench, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  const page = join(bench, '../docs/performance.md');
  await writeFile(page, withLastRun(await readFile(page, 'utf8'), results));
}
