import { postgresDialect } from '../dialect.js';
import { acceptedColumns, syncColumns } from '../run-row.js';

/**
 * Statements over many rows, which come as one JSON array: a whole group is one statement, and so one commit. Those that
 * look rows up get the ids ($2) as well: PostgreSQL can count an array, but takes any JSON for a hundred rows and may
 * then read a whole table for one.
 */

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
  'attempt',
  'seq',
  'at',
]);

export const acceptRuns = {
  name: 'laneway_accept',
  text: `with given as (select * from ${given([...acceptedColumns, 'delay_ms', 'invocation', 'payload', 'payload_kept_in'])}),
    accepted as (
      insert into runs (${acceptedColumns.join(', ')}, mode, state, attempt, fence, deaths, result_bytes, created_at, due_at, announced_at)
      select ${acceptedColumns.join(', ')}, 'queued', 'queued', 0, 1, 0, 0, ${now}, ${now} + delay_ms,
        -- A delayed run can't be claimed yet, so whoever looks for unannounced runs is to announce it when it is due.
        case when delay_ms > 0 then null else ${now} end
      from given
      on conflict do nothing
      returning id
    ),
    kept as (
      insert into run_bodies (run_id, kind, invocation, body, kept_in)
      select id, 'payload', invocation, payload, payload_kept_in from given join accepted using (id)
    )
    select id from accepted`,
};

export const claimRuns = {
  name: 'laneway_claim',
  // no-second-live-attempt: one statement checks and takes, and the fence moves on for every claim.
  text: `with given as (select * from ${given(['id', 'fence', 'owner', 'lease_ms'])}),
    claimed as (
      update runs set state = 'running', fence = runs.fence + 1, attempt = attempt + 1,
        lease_owner = given.owner, lease_until = ${now} + given.lease_ms, started_at = ${now}
      from given
      where runs.id = any($2) and runs.id = given.id and runs.fence = given.fence and state = 'queued' and due_at <= ${now}
        and cancel_requested_at is null
      returning runs.*, given.fence as given_fence
    )
    select claimed.*, invocation, body, kept_in
    from claimed left join run_bodies on run_id = any($2) and run_id = claimed.id and kind = 'payload'`,
};

export const renewRuns = {
  name: 'laneway_renew',
  text: `update runs set lease_until = ${now} + given.lease_ms
    from ${given(['id', 'fence', 'lease_ms'])}
    where runs.id = any($2) and runs.id = given.id and runs.fence = given.fence and state = 'running'
    returning runs.id, runs.fence, cancel_requested_at is not null as is_cancelled`,
};

export const endRuns = {
  name: 'laneway_end',
  // no-double-end: only the attempt that holds the fence ends the run, and only once.
  text: `with given as (select * from ${given([
    'id',
    'fence',
    'state',
    'reason',
    'message',
    'exit_code',
    'timings',
    'result_bytes',
    'result',
    'result_kept_in',
  ])}),
    ended as (
      update runs set state = given.state, reason = given.reason, message = given.message, exit_code = given.exit_code,
        timings = given.timings, result_bytes = given.result_bytes, ended_at = ${now}, lease_owner = null, lease_until = null
      from given
      where runs.id = any($2) and runs.id = given.id and runs.fence = given.fence and runs.state = 'running'
      returning runs.id, runs.fence, runs.state, result, result_kept_in
    ),
    -- A failed or cancelled run keeps its payload: it may be started anew.
    dropped as (
      delete from run_bodies using ended
      where run_id = any($2) and run_id = ended.id and kind = 'payload' and ended.state = 'succeeded'
      returning run_id, kept_in
    ),
    kept as (
      insert into run_bodies (run_id, kind, body, kept_in)
      select id, 'result', result, result_kept_in from ended where result is not null or result_kept_in is not null
    )
    select id, fence, dropped.kept_in as dropped from ended left join dropped on run_id = id`,
};

export const writeSyncRuns = {
  name: 'laneway_write_sync',
  text: `with given as (select * from ${given([...syncColumns, 'payload', 'payload_kept_in', 'result', 'result_kept_in'])}),
    written as (
      insert into runs (${syncColumns.join(', ')}, mode, attempt, fence, priority, deaths, due_at)
      select ${syncColumns.join(', ')}, 'sync', 1, 0, 0, 0, created_at from given
      on conflict do nothing
      returning id
    ),
    kept as (
      insert into run_bodies (run_id, kind, body, kept_in)
      select id, 'payload', payload, payload_kept_in from given join written using (id)
        where payload is not null or payload_kept_in is not null
      union all
      select id, 'result', result, result_kept_in from given join written using (id)
        where result is not null or result_kept_in is not null
    )
    select id from written`,
};

export const selectSame = {
  name: 'laneway_same_sync',
  text: `select runs.id from runs join ${given(['id', 'created_at'])} using (id, created_at)
    where runs.id = any($2) and mode = 'sync'`,
};

export const appendEvents = {
  name: 'laneway_append_events',
  text: `insert into run_events (run_id, attempt, seq, at, kind, stream, data)
    select run_id, attempt, seq, at, kind, stream, data
    from ${given(['run_id', 'attempt', 'seq', 'at', 'kind', 'stream', 'data'])}
    on conflict do nothing`,
};

function given(columns: readonly string[]): string {
  const typed = columns.map((column) => `${column} ${numbers.has(column) ? 'bigint' : 'text'}`);
  return `json_to_recordset($1::json) as given (${typed.join(', ')})`;
}
