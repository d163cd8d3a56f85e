// Accepts runs without end and says so after each, as a server does to its callers. Killed by the test that started it.
import { openRecords } from '../../src/records/open-records.js';
import { newRun } from './sample-runs.js';

const records = await openRecords({ dataFolder: process.argv[2]!, databaseUrl: process.argv[3] ?? null });
const large = JSON.stringify('x'.repeat(300_000));
process.stdout.write('open\n');
await Promise.all(Array.from({ length: 16 }, acceptWithoutEnd));

async function acceptWithoutEnd(_: unknown, worker: number): Promise<never> {
  for (;;) {
    const run = newRun(worker === 0 ? { payload: large } : {});
    await records.runs.accept(run);
    process.stdout.write(`${run.id}\n`);
  }
}
