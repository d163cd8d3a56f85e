import { postgresDialect } from '../dialect.js';
import { moveTo, stateOfRetry } from '../run-ends.js';
import { acceptedColumns, runColumns, syncColumns } from '../run-row.js';

/** A statement over the rows of one group of calls. */
export interface GroupStatement {
  /** For one row: its values are the parameters, in the order of the columns, and the plan is made once a connection. */
  one: { name: string; text: string; columns: readonly string[] };
  /**
   * For more: they come as one JSON array, so that a whole group is one statement, and so one commit. Their ids come as well
   * ($2): PostgreSQL can count an array, but takes any JSON for a hundred rows and may then read a whole table for one.
   */
  many: { text: string; hasIds: boolean };
}

const { now } = postgresDialect;
const numbers = new Set<string>([
  'priority',
  'timeout_ms',
  'payload_bytes',
  'result_bytes',
  'exit_code',
  'created_at',
  'started_at',
  'ended_at',
  'delay_ms',
  'fence',
  'lease_ms',
  'expires_after_ms',
  'retry_in_ms',
  'notify',
  'bodies_apart',
  'attempt',
  'seq',
  'at',
]);

export const acceptRuns = groupStatement(
  'laneway_accept',
  [
    ...acceptedColumns,
    'delay_ms',
    'expires_after_ms',
    'lease_owner',
    'lease_ms',
    'apart_invocation',
    'apart_payload',
    'payload_kept_in',
  ],
  ({ given }) => `with given as (select * from ${given}),
    accepted as (
      insert into runs (${acceptedColumns.join(', ')}, state, attempt, lease_owner, lease_until, started_at,
        created_at, due_at, ready_at, expires_at, mode, fence, deaths, result_bytes)
      select ${acceptedColumns.join(', ')},
        case when lease_owner is null then 'queued' else 'running' end,
        case when lease_owner is null then 0 else 1 end,
        lease_owner, ${now} + lease_ms, case when lease_owner is not null then ${now} end,
        ${now}, ${now} + delay_ms,
        case when delay_ms > 0 then null else ${now} end,
        ${now} + expires_after_ms, 'queued', 1, 0, 0
      from given
      on conflict do nothing
      returning id, state, created_at
    ),
    kept as (
      insert into run_bodies (run_id, kind, invocation, body, kept_in)
      select id, 'payload', apart_invocation, apart_payload, payload_kept_in from given join accepted using (id)
      where apart_invocation is not null
    )
    select id, state, created_at from accepted`,
);

const claimedColumns = `${runColumns.map((column) => `claimed.${column}`).join(', ')},
  coalesce(claimed.invocation, run_bodies.invocation) as invocation, coalesce(payload, body) as payload, kept_in`;

// no-second-live-attempt: one statement checks and takes, and the fence moves on for every claim.
export const claimRuns = groupStatement(
  'laneway_claim',
  ['id', 'fence', 'owner', 'lease_ms'],
  ({ given, isAmong }) => `with given as (select * from ${given}),
    claimed as (
      update runs set state = 'running', fence = runs.fence + 1, attempt = attempt + 1,
        lease_owner = given.owner, lease_until = ${now} + given.lease_ms, started_at = ${now}
      from given
      where ${isAmong('runs.id')} and runs.id = given.id and runs.fence = given.fence and state = 'queued' and ready_at is not null
        and (expires_at is null or expires_at > ${now})
      returning runs.*, given.fence as given_fence
    )
    select ${claimedColumns}, given_fence
    from claimed left join run_bodies on bodies_apart > 0 and ${isAmong('run_id')} and run_id = claimed.id and kind = 'payload'`,
);

/** The first ready runs of a line: function, lane, how many, owner, lease. */
export const claimNextInLine = {
  name: 'laneway_claim_next',
  text: `with next as materialized (
      select id from runs
      where state = 'queued' and ready_at is not null and function = $1 and lane = $2 and (expires_at is null or expires_at > ${now})
      order by priority desc, due_at, id limit $3 for update skip locked
    ),
    claimed as (
      update runs set state = 'running', fence = fence + 1, attempt = attempt + 1,
        lease_owner = $4, lease_until = ${now} + $5::bigint, started_at = ${now}
      where id = any(array(select id from next))
      returning runs.*
    )
    select ${claimedColumns} from claimed
    left join run_bodies on bodies_apart > 0 and run_id = claimed.id and kind = 'payload'
    order by priority desc, due_at, id`,
};

export const renewRuns = groupStatement(
  'laneway_renew',
  ['id', 'fence', 'lease_ms'],
  ({ given, isAmong }) => `update runs set lease_until = ${now} + given.lease_ms
    from ${given}
    where ${isAmong('runs.id')} and runs.id = given.id and runs.fence = given.fence and state = 'running'
    returning runs.id, runs.fence, cancel_requested_at is not null as is_cancelled`,
);

const becomes = `(case when given.state = 'queued' then ${stateOfRetry(now, 'given.retry_in_ms')} else given.state end)`;
/** Of an attempt that was to be repeated, nothing is kept when a cancel was asked for meanwhile. */
const unlessCancelled = (column: string) =>
  `case when ${becomes} <> given.state and ${becomes} = 'cancelled' then null else given.${column} end`;

// no-double-end: only the attempt that holds the fence ends the run, and only once.
export const endRuns = groupStatement(
  'laneway_end',
  [
    'id',
    'fence',
    'state',
    'retry_in_ms',
    'reason',
    'message',
    'exit_code',
    'timings',
    'result_bytes',
    'result',
    'apart_result',
    'result_kept_in',
  ],
  ({ given, isAmong }) => `with given as (select * from ${given}),
    ended as (
      update runs set ${moveTo(becomes, now)},
        reason = ${unlessCancelled('reason')}, message = ${unlessCancelled('message')},
        exit_code = ${unlessCancelled('exit_code')}, timings = given.timings,
        due_at = case when ${becomes} = 'queued' then ${now} + given.retry_in_ms else due_at end,
        ready_at = case when ${becomes} = 'queued' then null else ready_at end,
        failures = failures + case when ${becomes} = 'queued' then 1 else 0 end,
        result_bytes = given.result_bytes, result = given.result,
        -- A failed or cancelled run keeps its payload: it may be started anew.
        payload = case when given.state = 'succeeded' then null else payload end,
        invocation = case when given.state = 'succeeded' then null else invocation end,
        bodies_apart = case when apart_result is null and result_kept_in is null then bodies_apart else 1 end
      from given
      where ${isAmong('runs.id')} and runs.id = given.id and runs.fence = given.fence and runs.state = 'running'
      returning runs.id, runs.fence, runs.state, bodies_apart, apart_result, result_kept_in
    ),
    dropped as (
      delete from run_bodies using ended
      where ${isAmong('run_id')} and run_id = ended.id and kind = 'payload' and ended.state = 'succeeded' and bodies_apart > 0
      returning run_id, kept_in
    ),
    kept as (
      insert into run_bodies (run_id, kind, body, kept_in)
      select id, 'result', apart_result, result_kept_in from ended where apart_result is not null or result_kept_in is not null
    )
    select id, fence, state, dropped.kept_in as dropped from ended left join dropped on run_id = id`,
);

export const writeSyncRuns = groupStatement(
  'laneway_write_sync',
  [...syncColumns, 'apart_payload', 'payload_kept_in', 'apart_result', 'result_kept_in'],
  ({ given }) => `with given as (select * from ${given}),
    written as (
      insert into runs (${syncColumns.join(', ')}, mode, attempt, fence, priority, deaths, due_at)
      select ${syncColumns.join(', ')}, 'sync', 1, 0, 0, 0, created_at from given
      on conflict do nothing
      returning id
    ),
    kept as (
      insert into run_bodies (run_id, kind, body, kept_in)
      select id, 'payload', apart_payload, payload_kept_in from given join written using (id)
        where apart_payload is not null or payload_kept_in is not null
      union all
      select id, 'result', apart_result, result_kept_in from given join written using (id)
        where apart_result is not null or result_kept_in is not null
    )
    select id from written`,
);

export const selectSame = groupStatement(
  'laneway_same_sync',
  ['id', 'created_at'],
  ({ given, isAmong }) => `select runs.id from runs join ${given} using (id, created_at)
    where ${isAmong('runs.id')} and mode = 'sync'`,
);

export const appendEvents = groupStatement(
  'laneway_append_events',
  ['run_id', 'attempt', 'seq', 'at', 'kind', 'stream', 'data'],
  ({ given }) => `insert into run_events (run_id, attempt, seq, at, kind, stream, data)
    select run_id, attempt, seq, at, kind, stream, data
    from ${given}
    on conflict do nothing`,
);

interface Rows {
  given: string;
  isAmong: (column: string) => string;
}

function groupStatement(name: string, columns: readonly string[], write: (rows: Rows) => string): GroupStatement {
  const typeOf = (column: string) => (numbers.has(column) ? 'bigint' : 'text');
  const values = columns.map((column, index) => `$${index + 1}::${typeOf(column)}`);
  const typed = columns.map((column) => `${column} ${typeOf(column)}`);
  const one = { given: `(values (${values.join(', ')})) as given (${columns.join(', ')})`, isAmong: () => 'true' };
  const many = {
    given: `json_to_recordset($1::json) as given (${typed.join(', ')})`,
    isAmong: (column: string) => `${column} = any($2)`,
  };
  const text = write(many);
  return { one: { name, text: write(one), columns }, many: { text, hasIds: text.includes('$2') } };
}
