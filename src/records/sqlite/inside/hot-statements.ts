import { acceptedColumns, runColumns, syncColumns } from '../../run-row.js';
import type { ClaimAnswer, EndAnswer, Value } from '../messages.js';
import type { Database } from './database.js';

/** Each operation carries its statements out inside a transaction that is already open, and answers after its commit. */
export type HotStatements = ReturnType<typeof prepareHotStatements>;

/** Prepares what happens for every run. Times are by this thread's clock. */
export function prepareHotStatements(database: Database) {
  return {
    accept: prepareAccept(database),
    claim: prepareClaim(database),
    renew: prepareRenew(database),
    end: prepareEnd(database),
    writeSync: prepareWriteSync(database),
    appendEvents: prepareAppendEvents(database),
  };
}

function prepareAccept(database: Database) {
  const width = acceptedColumns.length;
  const insertRun = database.prepare(
    `insert into runs (${acceptedColumns.join(', ')}, mode, state, attempt, fence, deaths, result_bytes, created_at, due_at, announced_at)
     values (${acceptedColumns.map(() => '?').join(', ')}, 'queued', 'queued', 0, 1, 0, 0, ?, ?, ?)
     on conflict do nothing`,
  );
  const insertBody = prepareInsertBody(database);
  return (values: readonly Value[]): boolean => {
    const [delayMs, invocation, payload, keptIn] = values.slice(width) as [number, string, Value, Value];
    const now = Date.now();
    // A delayed run can't be claimed yet, so whoever looks for unannounced runs is to announce it when it is due.
    const announcedAt = delayMs > 0 ? null : now;
    const { changes } = insertRun.run([...values.slice(0, width), now, now + delayMs, announcedAt]);
    if (changes === 0) return false;
    insertBody.run([values[0], 'payload', invocation, payload, keptIn]);
    return true;
  };
}

function prepareClaim(database: Database) {
  // no-second-live-attempt: one statement checks and takes, and the fence moves on for every claim.
  const claim = database.prepare(
    `update runs set state = 'running', fence = fence + 1, attempt = attempt + 1, lease_owner = ?, lease_until = ?, started_at = ?
     where id = ? and fence = ? and state = 'queued' and due_at <= ? and cancel_requested_at is null
     returning ${runColumns.join(', ')}`,
  );
  const readPayload = database.prepare(`select invocation, body, kept_in from run_bodies where run_id = ? and kind = 'payload'`);
  return (values: readonly Value[]): ClaimAnswer => {
    const [id, fence, owner, leaseMs] = values as [string, number, string, number];
    const now = Date.now();
    const run = claim.get([owner, now + leaseMs, now, id, fence, now]) as Value[] | undefined;
    if (run === undefined) return null;
    const body = (readPayload.get([id]) as Value[] | undefined) ?? [null, null, null];
    return [...run, ...body];
  };
}

function prepareRenew(database: Database) {
  const renew = database.prepare(
    `update runs set lease_until = ? where id = ? and fence = ? and state = 'running' returning cancel_requested_at`,
  );
  return (values: readonly Value[]): ('held' | 'cancel' | 'lost')[] => {
    const until = Date.now() + (values[0] as number);
    return inRows(values.slice(1), 2).map(([id, fence]) => {
      const renewed = renew.get([until, id, fence]) as Value[] | undefined;
      if (renewed === undefined) return 'lost';
      return renewed[0] === null ? 'held' : 'cancel';
    });
  };
}

function prepareEnd(database: Database) {
  // no-double-end: only the attempt that holds the fence ends the run, and only once.
  const end = database.prepare(
    `update runs set state = ?, reason = ?, message = ?, exit_code = ?, timings = ?, result_bytes = ?,
       ended_at = ?, lease_owner = null, lease_until = null
     where id = ? and fence = ? and state = 'running'`,
  );
  const dropPayload = database.prepare(`delete from run_bodies where run_id = ? and kind = 'payload' returning kept_in`);
  const insertBody = prepareInsertBody(database);
  return (values: readonly Value[]): EndAnswer => {
    const [id, fence, state, reason, message, exitCode, timings, resultBytes, result, keptIn] = values;
    const { changes } = end.run([state, reason, message, exitCode, timings, resultBytes, Date.now(), id, fence]);
    if (changes === 0) return null;
    // A failed or cancelled run keeps its payload: it may be started anew.
    const dropped = state === 'succeeded' ? (dropPayload.get([id]) as Value[] | undefined)?.[0] : null;
    if (result !== null || keptIn !== null) insertBody.run([id, 'result', null, result, keptIn]);
    return typeof dropped === 'string' ? [dropped] : [];
  };
}

function prepareWriteSync(database: Database) {
  const width = syncColumns.length;
  const insertRun = database.prepare(
    `insert into runs (${syncColumns.join(', ')}, mode, attempt, fence, priority, deaths, due_at)
     values (${syncColumns.map(() => '?').join(', ')}, 'sync', 1, 0, 0, 0, ?)
     on conflict do nothing`,
  );
  const isSame = database.prepare(`select 1 from runs where id = ? and mode = 'sync' and created_at = ?`);
  const insertBody = prepareInsertBody(database);
  const createdAt = syncColumns.indexOf('created_at');
  return (values: readonly Value[]): string[] => {
    const taken: string[] = [];
    for (const row of inRows(values, width + 4)) {
      const id = row[0] as string;
      const [payload, payloadKeptIn, result, resultKeptIn] = row.slice(width) as [Value, Value, Value, Value];
      if (insertRun.run([...row.slice(0, width), row[createdAt]]).changes === 0) {
        // The same row again, after an answer that was lost, is no collision.
        if (isSame.get([id, row[createdAt]]) === undefined) taken.push(id);
        continue;
      }
      if (payload !== null || payloadKeptIn !== null) insertBody.run([id, 'payload', null, payload, payloadKeptIn]);
      if (result !== null || resultKeptIn !== null) insertBody.run([id, 'result', null, result, resultKeptIn]);
    }
    return taken;
  };
}

function prepareAppendEvents(database: Database) {
  const insert = database.prepare(
    'insert into run_events (run_id, attempt, seq, at, kind, stream, data) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing',
  );
  return (values: readonly Value[]): null => {
    for (const row of inRows(values, 7)) insert.run(row);
    return null;
  };
}

function prepareInsertBody(database: Database) {
  return database.prepare('insert into run_bodies (run_id, kind, invocation, body, kept_in) values (?, ?, ?, ?, ?)');
}

function inRows(values: readonly Value[], width: number): Value[][] {
  const rows: Value[][] = [];
  for (let at = 0; at < values.length; at += width) rows.push(values.slice(at, at + width));
  return rows;
}
