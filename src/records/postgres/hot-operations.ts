import type { RunEvent } from '../../contract/records.js';
import type { ClaimedRow, EndRow, HotOperations } from '../backend.js';
import { groupCalls } from '../group-calls.js';
import { runColumns, type AcceptedRow, type SyncRow } from '../run-row.js';
import type { RunRow } from '../tables.js';
import type { PostgresConnection, PostgresRow } from './connection.js';
import { acceptRuns, appendEvents, claimRuns, endRuns, renewRuns, selectSame, writeSyncRuns } from './hot-statements.js';
import { storableJson } from './storable.js';

const smallCallBytes = 500;

interface Fenced {
  id: string;
  fence: number;
}

interface NamedStatement {
  name: string;
  text: string;
}

interface ClaimCall extends Fenced {
  owner: string;
  lease_ms: number;
}

/** The hot operations as statements over many rows: calls that wait together are one statement and one commit. */
export function postgresHotOperations(connection: PostgresConnection): HotOperations {
  const accept = groupCalls<AcceptedRow, boolean>({
    carryOut: acceptAll,
    weigh: (run) => smallCallBytes + run.invocation.length + (run.payload?.length ?? 0),
  });
  const claim = groupCalls<ClaimCall, ClaimedRow | null>({ carryOut: claimAll, weigh: () => smallCallBytes });
  const end = groupCalls<EndRow, string[] | null>({
    carryOut: endAll,
    weigh: (row) => smallCallBytes + (row.result?.length ?? 0),
  });
  const append = groupCalls<readonly RunEvent[], null>({
    carryOut: appendAll,
    weigh: (events) => events.reduce((bytes, event) => bytes + 100 + event.data.length, 0),
  });

  return {
    accept,
    claim: ({ runId, fence }, owner, leaseMs) => claim({ id: runId, fence, owner, lease_ms: leaseMs }),
    end,

    renew: async (claims, leaseMs) => {
      const rows = byId(claims.map(({ runId, fence }) => ({ id: runId, fence, lease_ms: leaseMs })));
      const renewed = new Map(
        (await lookUp(renewRuns, rows)).map((row) => [keyOf(row as unknown as Fenced), row['is_cancelled']]),
      );
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

  async function acceptAll(runs: AcceptedRow[]): Promise<boolean[]> {
    const first = firstOfEach(runs, (row) => row.id);
    const accepted = idsOf(await run(acceptRuns, byId([...first.values()])));
    return runs.map((row) => first.get(row.id) === row && accepted.has(row.id));
  }

  async function claimAll(calls: ClaimCall[]): Promise<(ClaimedRow | null)[]> {
    const first = firstOfEach(calls, keyOf);
    const rows = await lookUp(claimRuns, byId([...first.values()]));
    const claimed = new Map(rows.map((row) => [keyOf({ id: row['id'] as string, fence: row['given_fence'] as number }), row]));
    return calls.map((call) => {
      const row = claimed.get(keyOf(call));
      return row === undefined || first.get(keyOf(call)) !== call ? null : toClaimedRow(row);
    });
  }

  async function endAll(ends: EndRow[]): Promise<(string[] | null)[]> {
    const first = firstOfEach(ends, keyOf);
    const rows = await lookUp(endRuns, byId([...first.values()]));
    const ended = new Map(rows.map((row) => [keyOf(row as unknown as Fenced), row['dropped'] as string | null]));
    return ends.map((end) => {
      const dropped = ended.get(keyOf(end));
      if (dropped === undefined || first.get(keyOf(end)) !== end) return null;
      return dropped === null ? [] : [dropped];
    });
  }

  async function writeSync(runs: readonly SyncRow[]): Promise<string[]> {
    const written = idsOf(await run(writeSyncRuns, byId([...firstOfEach(runs, (row) => row.id).values()])));
    const skipped = runs.filter((row) => !written.delete(row.id));
    if (skipped.length === 0) return [];
    // The same row again, after an answer that was lost, is no collision.
    const same = idsOf(
      await lookUp(
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

  async function lookUp(statement: NamedStatement, rows: readonly { id: string }[]): Promise<PostgresRow[]> {
    const values = [storableJson(rows), rows.map(({ id }) => id)];
    return (await connection.query({ ...statement, values })).rows;
  }

  async function run(statement: NamedStatement, rows: readonly object[]): Promise<PostgresRow[]> {
    return (await connection.query({ ...statement, values: [storableJson(rows)] })).rows;
  }
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

function toClaimedRow(row: PostgresRow): ClaimedRow {
  return {
    run: Object.fromEntries(runColumns.map((column) => [column, row[column]])) as unknown as RunRow,
    invocation: row['invocation'] as string | null,
    payload: { text: row['body'] as string | null, reference: row['kept_in'] as string | null },
  };
}
