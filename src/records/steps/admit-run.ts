import type { Accepted, IdempotencyClaim } from '../../contract/records.js';
import type { Refusal } from '../backend.js';
import type { Dialect } from '../dialect.js';
import type { QueueRoom } from '../queue-room.js';
import type { AcceptedRow } from '../run-row.js';
import type { Steps } from './steps.js';

/** What decides whether a run may be written. */
export type Admission = Pick<AcceptedRow, 'id' | 'function' | 'lane' | 'redrive_of' | 'idempotency' | 'caps'>;

/** What has to hold before a run is written; null when it may be. Nothing is changed yet. */
export function* admitRun(dialect: Dialect, run: Admission, room: QueueRoom): Steps<Accepted | Refusal | null> {
  return (
    (run.idempotency === null ? null : yield* findSame(dialect, run.idempotency)) ??
    (room.take(run, run.caps) ? null : yield* refuseWhenFull(dialect, run, room)) ??
    (run.redrive_of === null ? null : yield* refuseUnlessDead(dialect, run.redrive_of))
  );
}

/** What goes with the run once its row is written. */
export function* settleAdmission(dialect: Dialect, run: Admission): Steps<void> {
  if (run.idempotency !== null) {
    const { scope, key, bodyHash, keepMs } = run.idempotency;
    // A key that is there still is one whose time is over.
    yield {
      sql: `insert into idempotency (scope, key, body_hash, run_id, expires_at) values (?, ?, ?, ?, ${dialect.now} + ?)
        on conflict (scope, key) do update
        set body_hash = excluded.body_hash, run_id = excluded.run_id, expires_at = excluded.expires_at`,
      parameters: [scope, key, bodyHash, run.id, keepMs],
    };
  }
  if (run.redrive_of !== null) {
    yield { sql: 'update runs set dead_at = null, redriven_as = ? where id = ?', parameters: [run.id, run.redrive_of] };
  }
}

function* findSame(dialect: Dialect, { scope, key, bodyHash }: IdempotencyClaim): Steps<Accepted | Refusal | null> {
  if (dialect.name === 'postgres') yield lock([`idempotency ${scope} ${key}`]);
  const [known] = yield {
    sql: `select body_hash, run_id from idempotency where scope = ? and key = ? and expires_at > ${dialect.now}`,
    parameters: [scope, key],
  };
  if (known === undefined) return null;
  const [knownHash, runId] = known as [string, string];
  if (knownHash === bodyHash) return { how: 'same', runId };
  return { how: 'refused', code: 'idempotency_conflict', details: { key, id: runId } };
}

/** bounded: by the counts. So near to a cap one server after the other looks at them and adds to them. */
function* refuseWhenFull(dialect: Dialect, run: Admission, room: QueueRoom): Steps<Refusal | null> {
  const { caps, function: name, lane } = run;
  if (dialect.name === 'postgres') yield lock(['room in the queue']);
  const [counts] = yield {
    sql: `select coalesce(sum(case when function = ? and lane = ? then queued else 0 end), 0),
        coalesce(sum(case when function = ? then queued else 0 end), 0), coalesce(sum(queued), 0)
      from run_counts ${caps.all === null ? 'where function = ?' : ''}`,
    parameters: [name, lane, name, ...(caps.all === null ? [name] : [])],
  };
  const [inLane, inFunction, all] = counts as [number, number, number];
  if (caps.lane !== null && inLane >= caps.lane) return full(`Function ${name} in lane ${lane}`, caps.lane);
  if (caps.function !== null && inFunction >= caps.function) return full(`Function ${name}`, caps.function);
  if (caps.all !== null && all >= caps.all) return full('This installation', caps.all);
  room.learn(run, caps, { lane: inLane, function: inFunction, all });
  return null;
}

function full(scope: string, limit: number): Refusal {
  return { how: 'refused', code: 'queue_full', details: { scope, limit } };
}

function* refuseUnlessDead(dialect: Dialect, id: string): Steps<Refusal | null> {
  const [dead] = yield {
    sql: `select 1 from runs where id = ? and dead_at is not null ${dialect.forUpdate}`,
    parameters: [id],
  };
  return dead === undefined ? { how: 'refused', code: 'not_dead_letter', details: { id } } : null;
}

/** Until the end of the transaction nobody else on any server has one of these. In the same order everywhere. */
export function lock(names: readonly string[]): { sql: string; parameters: string[] } {
  return {
    sql: `select pg_advisory_xact_lock(name) from (
      select distinct hashtextextended(value, 0) as name from json_array_elements_text(?::json) order by name
    ) as names`,
    parameters: [JSON.stringify(names)],
  };
}
