import type { RunEvent } from '../../contract/records.js';
import type { Claim, ClaimBy } from '../../contract/records.js';
import type { RunState } from '../../contract/words.js';
import type { AcceptAnswer, ClaimedRow, EndAnswer, EndRow, HotOperations } from '../backend.js';
import { postgresDialect } from '../dialect.js';
import { groupCalls } from '../group-calls.js';
import { QueueRoom } from '../queue-room.js';
import { runColumns, toClaimedRow, type AcceptedRow, type RecordRow, type SyncRow } from '../run-row.js';
import { admitRun, settleAdmission } from '../steps/admit-run.js';
import { claimNextRuns, claimRun } from '../steps/claim-runs.js';
import type { Steps } from '../steps/steps.js';
import type { PostgresConnection, PostgresRow, PostgresStatement } from './connection.js';
import {
  acceptRuns,
  appendEvents,
  claimNextInLine,
  claimRuns,
  endRuns,
  renewRuns,
  selectSame,
  writeSyncRuns,
  type GroupStatement,
} from './hot-statements.js';
import { storableJson } from './storable.js';

const smallCallBytes = 500;

interface Fenced {
  id: string;
  fence: number;
}

interface ClaimCall extends Fenced {
  owner: string;
  lease_ms: number;
}

/** The hot operations as statements over many rows: calls that wait together are one statement and one commit. */
export function postgresHotOperations(connection: PostgresConnection): HotOperations {
  const room = new QueueRoom();
  const acceptPlain = groupCalls<AcceptedRow, AcceptAnswer>({
    carryOut: acceptAll,
    weigh: (run) => smallCallBytes + [run.payload, run.apart_payload].reduce((bytes, text) => bytes + (text?.length ?? 0), 0),
  });
  const claimPlain = groupCalls<ClaimCall, ClaimedRow | null>({ carryOut: claimAll, weigh: () => smallCallBytes });
  const end = groupCalls<EndRow, EndAnswer>({
    carryOut: endAll,
    weigh: (row) => smallCallBytes + (row.result?.length ?? 0) + (row.apart_result?.length ?? 0),
  });
  const append = groupCalls<readonly RunEvent[], null>({
    carryOut: appendAll,
    weigh: (events) => events.reduce((bytes, event) => bytes + 100 + event.data.length, 0),
  });

  return {
    accept: (run) => (isPlain(run) && room.take(run, run.caps) ? acceptPlain(run) : acceptCarefully(run)),

    claim: (claim, by) =>
      by.limits === null
        ? claimPlain({ id: claim.runId, fence: claim.fence, owner: by.owner, lease_ms: by.leaseMs })
        : claimCarefully(claim, by),

    claimNext: async (line, count, by) => {
      if (by.limits === null) {
        const values = [line.function, line.lane, count, by.owner, by.leaseMs];
        const { rows } = await connection.query({ ...claimNextInLine, values, isHot: true });
        return { runs: rows.map(claimedRowOf), limited: false };
      }
      const { runs, limited } = await connection.steps(() => claimNextRuns(postgresDialect, { line, count, by }));
      return { runs: runs.map(toClaimedRow), limited };
    },

    end,

    renew: async (claims, leaseMs) => {
      const rows = byId(claims.map(({ runId, fence }) => ({ id: runId, fence, lease_ms: leaseMs })));
      // A connection that hangs must not take the leases with it: there is time for another try.
      const { rows: held } = await connection.query({ ...statementFor(renewRuns, rows), isHot: true, withinMs: leaseMs / 2 });
      const renewed = new Map(held.map((row) => [keyOf(row as unknown as Fenced), row['is_cancelled']]));
      return claims.map(({ runId, fence }) => {
        const isCancelled = renewed.get(keyOf({ id: runId, fence }));
        if (isCancelled === undefined) return 'lost';
        return isCancelled === true ? 'cancel' : 'held';
      });
    },

    writeSync,

    appendEvents: async (events) => {
      await append(events);
    },
  };

  async function acceptAll(runs: AcceptedRow[]): Promise<AcceptAnswer[]> {
    const first = firstOfEach(runs, (row) => row.id);
    const rows = await run(acceptRuns, byId([...first.values()]));
    const accepted = new Map(rows.map((row) => [row['id'], row]));
    return runs.map((row) => toAnswer(row, first.get(row.id) === row ? accepted.get(row.id) : undefined));
  }

  /** What depends on other rows is checked and written in a transaction of its own. */
  function acceptCarefully(row: AcceptedRow): Promise<AcceptAnswer> {
    return connection.steps(steps);
    function* steps(): Steps<AcceptAnswer> {
      const answer = yield* admitRun(postgresDialect, row, room);
      if (answer !== null) return answer;
      const [written] = yield { sql: acceptRuns.many.text, parameters: [storableJson([row])] };
      if (written === undefined) return toAnswer(row, undefined);
      yield* settleAdmission(postgresDialect, row);
      const [, state, created_at] = written;
      return toAnswer(row, { state, created_at });
    }
  }

  async function claimCarefully(claim: Claim, by: ClaimBy): Promise<ClaimedRow | 'limited' | null> {
    const answer = await connection.steps(() => claimRun(postgresDialect, claim, by));
    return answer === null || answer === 'limited' ? answer : toClaimedRow(answer);
  }

  async function claimAll(calls: ClaimCall[]): Promise<(ClaimedRow | null)[]> {
    const first = firstOfEach(calls, keyOf);
    const rows = await run(claimRuns, byId([...first.values()]));
    const claimed = new Map(rows.map((row) => [keyOf({ id: row['id'] as string, fence: row['given_fence'] as number }), row]));
    return calls.map((call) => {
      const row = claimed.get(keyOf(call));
      return row === undefined || first.get(keyOf(call)) !== call ? null : claimedRowOf(row);
    });
  }

  async function endAll(ends: EndRow[]): Promise<EndAnswer[]> {
    const first = firstOfEach(ends, keyOf);
    const rows = await run(endRuns, byId([...first.values()]));
    const ended = new Map(rows.map((row) => [keyOf(row as unknown as Fenced), row]));
    return ends.map((end) => {
      const row = ended.get(keyOf(end));
      if (row === undefined || first.get(keyOf(end)) !== end) return null;
      const dropped = row['dropped'] as string | null;
      return { state: row['state'] as RunState, dropped: dropped === null ? [] : [dropped] };
    });
  }

  async function writeSync(runs: readonly SyncRow[]): Promise<string[]> {
    const written = idsOf(await run(writeSyncRuns, byId([...firstOfEach(runs, (row) => row.id).values()])));
    const skipped = runs.filter((row) => !written.delete(row.id));
    if (skipped.length === 0) return [];
    // The same row again, after an answer that was lost, is no collision.
    const same = idsOf(
      await run(
        selectSame,
        skipped.map(({ id, created_at }) => ({ id, created_at })),
      ),
    );
    return skipped.filter((row) => !same.has(row.id)).map((row) => row.id);
  }

  async function appendAll(calls: (readonly RunEvent[])[]): Promise<null[]> {
    const rows = calls.flat().map(({ runId, ...event }) => ({ run_id: runId, ...event }));
    await run(appendEvents, rows);
    return calls.map(() => null);
  }

  async function run(statement: GroupStatement, rows: readonly object[]): Promise<PostgresRow[]> {
    return (await connection.query({ ...statementFor(statement, rows), isHot: true })).rows;
  }
}

function statementFor({ one, many }: GroupStatement, rows: readonly object[]): PostgresStatement {
  if (rows.length === 1) {
    const row = rows[0] as Record<string, unknown>;
    return { name: one.name, text: one.text, values: one.columns.map((column) => row[column] ?? null) };
  }
  const ids = many.hasIds ? [(rows as readonly { id: string }[]).map(({ id }) => id)] : [];
  return { text: many.text, values: [storableJson(rows), ...ids] };
}

/** Rows are always locked in the order of their ids, so that two servers do not wait for each other. */
function byId<Row extends { id: string }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** One statement can't write a row twice: of several calls for the same, the first one counts. */
function firstOfEach<Row>(rows: readonly Row[], keyOfRow: (row: Row) => string): Map<string, Row> {
  const first = new Map<string, Row>();
  for (const row of rows) if (!first.has(keyOfRow(row))) first.set(keyOfRow(row), row);
  return first;
}

function idsOf(rows: readonly PostgresRow[]): Set<string> {
  return new Set(rows.map((row) => row['id'] as string));
}

function keyOf({ id, fence }: Fenced): string {
  return `${id} ${fence}`;
}

function isPlain({ idempotency, redrive_of }: AcceptedRow): boolean {
  return idempotency === null && redrive_of === null;
}

function toAnswer({ id }: AcceptedRow, written: PostgresRow | undefined): AcceptAnswer {
  if (written === undefined) return { how: 'refused', code: 'run_id_in_use', details: { id } };
  return { how: written['state'] as 'queued' | 'running', at: written['created_at'] as number };
}

function claimedRowOf(row: PostgresRow): ClaimedRow {
  return {
    run: Object.fromEntries(runColumns.map((column) => [column, row[column]])) as unknown as RecordRow,
    invocation: row['invocation'] as string | null,
    payload: { text: row['payload'] as string | null, reference: row['kept_in'] as string | null },
  };
}
