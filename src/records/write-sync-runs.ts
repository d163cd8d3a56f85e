import type { EndedSyncRun } from '../contract/records.js';
import type { Backend } from './backend.js';
import { placeBody, removeBodies } from './run-bodies.js';
import { syncRow, type SyncRow } from './run-row.js';

/** Few enough that an accept that comes meanwhile does not wait long for its turn. */
const runsAtOnce = 500;

/** Writes sync runs that have ended; returns the ids that other runs have. */
export async function writeSyncRuns(backend: Backend, runs: readonly EndedSyncRun[]): Promise<string[]> {
  const taken: string[] = [];
  for (let from = 0; from < runs.length; from += runsAtOnce) {
    taken.push(...(await writeSome(backend, runs.slice(from, from + runsAtOnce))));
  }
  return taken;
}

async function writeSome({ hot, largeBodies }: Backend, runs: readonly EndedSyncRun[]): Promise<string[]> {
  const rows: SyncRow[] = [];
  for (const run of runs) {
    // A succeeded sync run keeps no payload.
    const payload = placeBody(run.state === 'succeeded' ? null : run.payload, largeBodies);
    // Only large bodies are waited for: a pause for every row would cost more than the row.
    const keptPayload = payload instanceof Promise ? await payload : payload;
    const result = placeBody(run.result, largeBodies);
    rows.push(syncRow(run, keptPayload, result instanceof Promise ? await result : result));
  }
  const taken = await hot.writeSync(rows);
  const notWritten = rows.filter((row) => taken.includes(row.id));
  await removeBodies(
    notWritten.flatMap((row) => [row.payload_kept_in, row.result_kept_in]),
    largeBodies,
  );
  return taken;
}
