import type { Dialect } from '../dialect.js';
import { createRunCounts } from './run-counts.js';
import type { Migration } from './migration.js';

/** Retries, expiry, dead letters, deliveries, idempotency keys and limits of queued runs; counts by function and lane. */
export const durableRunsMigration: Migration = {
  name: '005-durable-runs',
  statements: (dialect) => [
    'drop index runs_due',
    'alter table runs rename column announced_at to ready_at',
    ...columns(dialect),
    // Runs that failed before there were dead letters are some now.
    `update runs set dead_at = ended_at where mode = 'queued' and state in ('failed', 'expired')`,
    ...indexes,
    ...createRunCounts(dialect),
    ...idempotency(dialect),
    limits(dialect),
  ],
};

function columns({ text }: Dialect): string[] {
  return [
    'failures bigint not null default 0',
    'policy text',
    'expires_at bigint',
    'traceparent text',
    `redrive_of ${text}`,
    `redriven_as ${text}`,
    `schedule_id ${text}`,
    'dead_at bigint',
    // Which ends are to be told, so that whatever statement ends a run starts its delivery too: 1 success, 2 failure.
    'notify bigint not null default 0',
    'deliver_at bigint',
    'deliver_state text',
    'deliver_attempts bigint not null default 0',
    'delivery_problem text',
    // Small bodies are in the row itself; 0 says that there are none in run_bodies.
    'invocation text',
    'payload text',
    'result text',
    'bodies_apart bigint not null default 1',
  ].map((column) => `alter table runs add column ${column}`);
}

const indexes = [
  // The order in which a lane's runs are claimed. `expires_at` so that those over their time are passed over unread.
  `create index runs_in_line on runs (function, lane, priority desc, due_at, id, expires_at, version)
    where state = 'queued' and ready_at is not null`,
  // The same for each key, to pass over all runs of one that has as many running as it may.
  `create index runs_in_line_by_key on runs (function, lane, priority desc, key_id, due_at, id, expires_at)
    where state = 'queued' and ready_at is not null`,
  `create index runs_delayed on runs (due_at, function, lane, version) where state = 'queued' and ready_at is null`,
  `create index runs_expiring on runs (expires_at) where state = 'queued' and expires_at is not null`,
  // Running runs are few: those of a key are counted in this index.
  'drop index runs_leased',
  `create index runs_leased on runs (lease_until, key_id) where state = 'running'`,
  // Dead letters are kept for another time than the other ended runs: they are passed over unread.
  'drop index runs_ended',
  'create index runs_ended on runs (ended_at, dead_at) where ended_at is not null',
  // A run is in the lists of the ended ones once and for ever; running ones are few and need no list.
  'drop index runs_listed',
  'drop index runs_listed_by_function',
  'drop index runs_listed_by_caller',
  `create index runs_waiting_listed on runs (created_at, id) where state = 'queued'`,
  'create index runs_listed on runs (state, created_at, id) where ended_at is not null',
  'create index runs_listed_by_function on runs (function, state, created_at, id) where ended_at is not null',
  `create index runs_listed_by_caller on runs (caller_id, state, created_at, id)
    where ended_at is not null and caller_id is not null`,
  'create index runs_died on runs (dead_at) where dead_at is not null',
  'create index runs_dead_listed on runs (created_at, id) where dead_at is not null',
  'create index runs_dead_listed_by_function on runs (function, created_at, id) where dead_at is not null',
  'create index runs_to_deliver on runs (deliver_at) where deliver_at is not null',
  'create index runs_of_schedule on runs (schedule_id, state, created_at, id) where schedule_id is not null',
];

function idempotency({ text }: Dialect): string[] {
  return [
    `create table idempotency (
      scope ${text} not null,
      key ${text} not null,
      body_hash text not null,
      run_id ${text} not null,
      expires_at bigint not null,
      primary key (scope, key)
    )`,
    'create index idempotency_expiring on idempotency (expires_at)',
  ];
}

/** Limits of all lanes of a function together have the lane ''. */
function limits({ text }: Dialect): string {
  return `create table limits (
    function ${text} not null,
    lane ${text} not null,
    max_running bigint,
    max_queued bigint,
    expires_after_ms bigint,
    updated_at bigint not null,
    primary key (function, lane)
  )`;
}
