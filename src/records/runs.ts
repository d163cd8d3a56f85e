import { sql } from 'kysely';
import type { Claim, ClaimedRun, EndedSyncRun, KeptInvocation, RunEnd, RunRecords } from '../contract/records.js';

import { runStates, type RunState } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import type { Backend, EndRow } from './backend.js';
import { bytesOf, placeBody, readBody, type KeptBody } from './large-bodies.js';
import { listRuns } from './list-runs.js';
import { announceAgain, recoverLost, unclaimed } from './recover-runs.js';
import { forgetRuns } from './forget-runs.js';
import { acceptedRow, runFromRow, syncRow, timingsText, type SyncRow } from './run-row.js';

/** Runs: what happens for every run goes to the hot operations, the rest is queries. */
export function runRecords(backend: Backend): RunRecords {
  const { db, dialect, hot, largeBodies } = backend;
  const now = sql<number>`${sql.raw(dialect.now)}`;
  return {
    accept: async (run) => {
      const payload = await placeBody(run.payload, largeBodies);
      if (await hot.accept(acceptedRow(run, payload))) return;
      await removeBodies([payload]);
      throw new LanewayError('run_id_in_use', { id: run.id });
    },

    claim: async (claim, owner, leaseMs): Promise<ClaimedRun | null> => {
      const claimed = await hot.claim(claim, owner, leaseMs);
      if (claimed === null) return null;
      const invocation = JSON.parse(claimed.invocation ?? noInvocation) as KeptInvocation;
      return { run: runFromRow(claimed.run), invocation, payload: await readBody(claimed.payload, largeBodies) };
    },

    renew: async (claims, leaseMs) => (claims.length === 0 ? [] : hot.renew(claims, leaseMs)),

    end: async (claim, end) => {
      const result = await placeBody(end.state === 'succeeded' ? end.result : null, largeBodies);
      const notNeeded = await hot.end(endRow(claim, end, result));
      if (notNeeded === null) await removeBodies([result]);
      else if (notNeeded.length > 0) await largeBodies.remove(notNeeded);
      return notNeeded !== null;
    },

    // A cancel that was asked for meanwhile is carried out: nobody could claim the run any more.
    handBack: async ({ runId, fence }) => {
      const { numUpdatedRows } = await db
        .updateTable('runs')
        .set({
          state: sql<RunState>`case when cancel_requested_at is null then 'queued' else 'cancelled' end`,
          ended_at: sql<number | null>`case when cancel_requested_at is null then null else ${now} end`,
          announced_at: null,
          lease_owner: null,
          lease_until: null,
        })
        .where('id', '=', runId)
        .where('fence', '=', fence)
        .where('state', '=', 'running')
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },

    writeSync: async (runs) => {
      const taken: string[] = [];
      for (let from = 0; from < runs.length; from += syncRunsAtOnce) {
        taken.push(...(await writeSome(runs.slice(from, from + syncRunsAtOnce))));
      }
      return taken;
    },

    get: async (id) => {
      const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : runFromRow(row);
    },

    list: (filter, limit, after) => listRuns(backend, { filter, limit, after }),

    payload: (id) => bodyOf(id, 'payload'),

    result: (id) => bodyOf(id, 'result'),

    requestCancel: async (id) => {
      const asked = await db
        .updateTable('runs')
        .set((eb) => ({
          cancel_requested_at: eb.fn.coalesce('cancel_requested_at', now),
          ended_at: sql<number | null>`case when state = 'queued' then ${now} end`,
          state: sql<RunState>`case when state = 'queued' then 'cancelled' else state end`,
        }))
        .where('id', '=', id)
        .where('state', 'in', ['queued', 'running'])
        .returning('state')
        .executeTakeFirst();
      if (asked !== undefined) return asked.state === 'cancelled' ? 'cancelled' : 'requested';
      const known = await db.selectFrom('runs').select('id').where('id', '=', id).executeTakeFirst();
      return known === undefined ? 'unknown' : 'ended';
    },

    unclaimed: (announcedBefore, limit, after) => unclaimed(backend, { announcedBefore, limit, after }),

    announceAgain: (claims) => announceAgain(backend, claims),

    recoverLost: (limit, allOthersOf) => recoverLost(backend, limit, allOthersOf),

    countOpen: async (functionName, lane, version) => {
      const { open } = await db
        .selectFrom('runs')
        .select((eb) => eb.fn.countAll<number>().as('open'))
        .where('state', 'in', ['queued', 'running'])
        .where('function', '=', functionName)
        .where('lane', '=', lane)
        .where('version', '=', version)
        .executeTakeFirstOrThrow();
      return open;
    },

    countByState: async () => {
      const rows = await db
        .selectFrom('run_counts')
        .select(['state', sql<number>`cast(sum(runs) as bigint)`.as('runs')])
        .groupBy('state')
        .execute();
      const counted = new Map(rows.map(({ state, runs }) => [state, runs]));
      return Object.fromEntries(runStates.map((state) => [state, counted.get(state) ?? 0])) as Record<RunState, number>;
    },

    forget: (endedBefore, limit) => forgetRuns(backend, endedBefore, limit),

    now: async () => (await db.selectNoFrom(now.as('now')).executeTakeFirstOrThrow()).now,
  };

  async function bodyOf(id: string, kind: 'payload' | 'result'): Promise<string | null> {
    const row = await db
      .selectFrom('run_bodies')
      .select(['body', 'kept_in'])
      .where('run_id', '=', id)
      .where('kind', '=', kind)
      .executeTakeFirst();
    return row === undefined ? null : readBody({ text: row.body, reference: row.kept_in }, largeBodies);
  }

  async function writeSome(runs: readonly EndedSyncRun[]): Promise<string[]> {
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
    if (taken.length > 0) await removeBodies(rows.filter((row) => taken.includes(row.id)).flatMap(bodiesOf));
    return taken;
  }

  async function removeBodies(bodies: readonly KeptBody[]): Promise<void> {
    const references = bodies.map(({ reference }) => reference).filter((reference) => reference !== null);
    if (references.length > 0) await largeBodies.remove(references);
  }
}

/** Few enough that an accept that comes meanwhile does not wait long for its turn. */
const syncRunsAtOnce = 500;

const noInvocation = JSON.stringify({ url: '', headers: {}, parameters: {} } satisfies KeptInvocation);

function bodiesOf(row: SyncRow): KeptBody[] {
  return [
    { text: null, reference: row.payload_kept_in },
    { text: null, reference: row.result_kept_in },
  ];
}

function endRow({ runId, fence }: Claim, end: RunEnd, result: KeptBody): EndRow {
  const failed = end.state === 'failed';
  return {
    id: runId,
    fence,
    state: end.state,
    reason: failed ? end.reason : null,
    message: end.state === 'succeeded' ? null : end.message,
    exit_code: failed ? end.exitCode : null,
    timings: timingsText(end.timings),
    result_bytes: bytesOf(end.state === 'succeeded' ? end.result : null),
    result: result.text,
    result_kept_in: result.reference,
  };
}
