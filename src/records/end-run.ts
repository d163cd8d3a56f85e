import { sql } from './kysely.js';
import type { Claim, RunEnd } from '../contract/records.js';
import type { RunState } from '../contract/words.js';
import type { Backend, EndRow } from './backend.js';
import { bytesOf, isSmall, placeBody, removeBodies, removeUnwritten, type KeptBody } from './run-bodies.js';
import { moveTo } from './run-ends.js';
import { timingsText } from './run-row.js';

/** no-double-end: the state that the run has now; null when another attempt or end was faster. */
export async function endRun(backend: Backend, claim: Claim, end: RunEnd): Promise<RunState | null> {
  const { hot, largeBodies } = backend;
  const placed = placeBody(end.state === 'succeeded' ? end.result : null, largeBodies);
  const result = placed instanceof Promise ? await placed : placed;
  const ended = await hot.end(endRow(claim, end, result)).catch(async (error: unknown) => {
    await removeUnwritten(backend, { id: claim.runId, kind: 'result', reference: result.reference }).catch(() => {});
    throw error;
  });
  await removeBodies(ended === null ? [result.reference] : ended.dropped, largeBodies);
  return ended?.state ?? null;
}

/** A cancel that was asked for meanwhile is carried out: nobody could claim the run any more. */
export async function handBack({ db, dialect }: Backend, { runId, fence }: Claim): Promise<boolean> {
  const state = `case when cancel_requested_at is null then 'queued' else 'cancelled' end`;
  const { numAffectedRows } = await sql`
    update runs set ${sql.raw(moveTo(`(${state})`, dialect.now))}, ready_at = coalesce(ready_at, ${sql.raw(dialect.now)})
    where id = ${runId} and fence = ${fence} and state = 'running'`.execute(db);
  return numAffectedRows! > 0n;
}

function endRow({ runId, fence }: Claim, end: RunEnd, result: KeptBody): EndRow {
  const hasFailed = end.state === 'failed' || end.state === 'queued';
  const inRow = result.reference === null && isSmall(result.text);
  return {
    id: runId,
    fence,
    state: end.state,
    retry_in_ms: end.state === 'queued' ? end.retryInMs : 0,
    reason: hasFailed ? end.reason : null,
    message: end.state === 'succeeded' ? null : end.message,
    exit_code: hasFailed ? end.exitCode : null,
    timings: timingsText(end.timings),
    result_bytes: bytesOf(end.state === 'succeeded' ? end.result : null),
    result: inRow ? result.text : null,
    apart_result: inRow ? null : result.text,
    result_kept_in: result.reference,
  };
}
