import type { Dialect } from '../dialect.js';
import type { Migration } from './migration.js';

/** Runs, their payloads and results, and how many are in each state. */
export const runsMigration: Migration = {
  name: '001-runs',
  statements: (dialect) => [...runs(dialect), ...bodies(dialect), ...counts(dialect), meta],
};

const meta = 'create table meta (name text primary key, value text not null)';

function runs({ text }: Dialect): string[] {
  return [
    `create table runs (
      id ${text} primary key,
      mode text not null,
      source text not null,
      executor text not null,
      caller_id ${text},
      key_id text,
      function ${text} not null,
      lane ${text} not null,
      version ${text} not null,
      version_asked text not null,
      isolation text,
      type text,
      entry_file text,
      state text not null,
      reason text,
      message text,
      exit_code bigint,
      attempt bigint not null,
      fence bigint not null,
      priority bigint not null,
      due_at bigint not null,
      announced_at bigint,
      lease_until bigint,
      lease_owner text,
      deaths bigint not null,
      cancel_requested_at bigint,
      created_at bigint not null,
      started_at bigint,
      ended_at bigint,
      timeout_ms bigint not null,
      timings text,
      payload_bytes bigint not null,
      result_bytes bigint not null
    )`,
    // The sweep looks through queued runs without touching a row that needs nothing.
    `create index runs_due on runs (due_at, id, announced_at) where state = 'queued'`,
    `create index runs_leased on runs (lease_until) where state = 'running'`,
    // Lists are read state by state and merged, so that each filter has its rows in order, newest first.
    'create index runs_listed on runs (state, created_at, id)',
    'create index runs_listed_by_function on runs (function, state, created_at, id)',
    'create index runs_listed_by_caller on runs (caller_id, state, created_at, id) where caller_id is not null',
    'create index runs_ended on runs (ended_at) where ended_at is not null',
  ];
}

/** `kept_in` names a large body that is kept elsewhere: a file, or chunk rows. */
function bodies({ name, text, clustered }: Dialect): string[] {
  const chunks = `create table run_body_chunks (
    body_id text collate "C" not null,
    seq bigint not null,
    kept_at bigint not null,
    data bytea not null,
    primary key (body_id, seq)
  )`;
  return [
    `create table run_bodies (
      run_id ${text} not null,
      kind text not null,
      invocation text,
      body text,
      kept_in text,
      primary key (run_id, kind)
    ) ${clustered}`,
    'create index run_bodies_kept on run_bodies (kept_in) where kept_in is not null',
    ...(name === 'postgres' ? [chunks] : []),
  ];
}

/**
 * conservation: triggers move the counts in the same transaction as the state, whatever statement changed it.
 * Deleting a run moves nothing. PostgreSQL spreads them over slots, else every commit would wait for one row.
 */
function counts({ name }: Dialect): string[] {
  const table = `create table run_counts (
    slot bigint not null,
    state text not null,
    runs bigint not null,
    primary key (slot, state)
  )`;
  return [table, ...(name === 'sqlite' ? sqliteCounting : postgresCounting)];
}

const sqliteCounting = [
  `insert into run_counts (slot, state, runs)
    values (0, 'queued', 0), (0, 'running', 0), (0, 'succeeded', 0), (0, 'failed', 0), (0, 'cancelled', 0), (0, 'expired', 0)`,
  `create trigger count_new_run after insert on runs begin
    update run_counts set runs = runs + 1 where slot = 0 and state = new.state;
  end`,
  `create trigger count_moved_run after update of state on runs when old.state <> new.state begin
    update run_counts set runs = runs - 1 where slot = 0 and state = old.state;
    update run_counts set runs = runs + 1 where slot = 0 and state = new.state;
  end`,
];

const postgresCounting = [
  `create function count_new_runs() returns trigger language plpgsql as $$
    begin
      insert into run_counts (slot, state, runs)
        select pg_backend_pid() % 64, state, count(*) from new_runs group by state order by state
        on conflict (slot, state) do update set runs = run_counts.runs + excluded.runs;
      return null;
    end
  $$`,
  `create function count_moved_runs() returns trigger language plpgsql as $$
    begin
      insert into run_counts (slot, state, runs)
        select pg_backend_pid() % 64, state, sum(moved)
          from (select state, 1 as moved from new_runs union all select state, -1 from old_runs) as moves
          group by state having sum(moved) <> 0 order by state
        on conflict (slot, state) do update set runs = run_counts.runs + excluded.runs;
      return null;
    end
  $$`,
  `create trigger count_new_runs after insert on runs
    referencing new table as new_runs for each statement execute function count_new_runs()`,
  `create trigger count_moved_runs after update on runs
    referencing new table as new_runs old table as old_runs for each statement execute function count_moved_runs()`,
];
