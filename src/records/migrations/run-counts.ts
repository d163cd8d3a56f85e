import { runStates } from '../../contract/words.js';
import type { Dialect } from '../dialect.js';

const ends = runStates.filter((state) => state !== 'queued' && state !== 'running');
export const countedColumns = [...runStates, 'accepted', 'forgotten', 'dead'] as const;

/**
 * conservation: runs by function, lane and state. Triggers move the counts in the same transaction as the state, whatever
 * statement changed it; `forgotten` tells how many of the ended ones have no row any more. Runs that were forgotten before
 * are counted under the function ''.
 */
export function createRunCounts(dialect: Dialect): string[] {
  const create = `create table run_counts (
    function ${dialect.text} not null,
    lane ${dialect.text} not null,
    slot bigint not null,
    ${countedColumns.map((column) => `${column} bigint not null`).join(', ')},
    primary key (function, lane, slot)
  ) ${dialect.clustered}`;
  const isSqlite = dialect.name === 'sqlite';
  return [
    ...(isSqlite ? dropSqliteCounting : dropPostgresCounting),
    'alter table run_counts rename to run_counts_before',
    create,
    countRows,
    countForgotten,
    'drop table run_counts_before',
    ...(isSqlite ? sqliteCounting : postgresCounting),
  ];
}

const dropSqliteCounting = ['drop trigger count_new_run', 'drop trigger count_moved_run'];
const dropPostgresCounting = [
  'drop trigger count_new_runs on runs',
  'drop trigger count_moved_runs on runs',
  'drop function count_new_runs()',
  'drop function count_moved_runs()',
];

const rowsByLine = runStates.map((state) => `sum(case when state = '${state}' then 1 else 0 end)`).join(', ');
const countRows = `insert into run_counts (function, lane, slot, ${countedColumns.join(', ')})
  select function, lane, 0, ${rowsByLine}, count(*), 0, sum(case when dead_at is null then 0 else 1 end)
  from runs group by function, lane`;

const before = (state: string) =>
  `coalesce((select sum(runs) from run_counts_before where state = '${state}'), 0) - coalesce((select sum(${state}) from run_counts), 0)`;
const sumOfForgotten = ends.map(before).join(' + ');
const countForgotten = `insert into run_counts (function, lane, slot, ${countedColumns.join(', ')})
  select '', '', 0, 0, 0, ${ends.map(before).join(', ')}, ${sumOfForgotten}, ${sumOfForgotten}, 0`;

/**
 * The records thread gathers what the statements of every run move and adds that up once a transaction: those raise `counted`,
 * and all others are counted here.
 */
const sqliteCounting = [
  'alter table runs add column counted bigint not null default 0',
  `create trigger count_new_run after insert on runs when new.counted = 0 begin
    insert into run_counts (function, lane, slot, ${countedColumns.join(', ')})
    values (new.function, new.lane, 0, ${runStates.map((state) => `new.state = '${state}'`).join(', ')}, 1, 0, new.dead_at is not null)
    on conflict (function, lane, slot) do update set ${countedColumns.map((column) => `${column} = ${column} + excluded.${column}`).join(', ')};
  end`,
  `create trigger count_moved_run after update of state, dead_at on runs
    when old.counted = new.counted and (old.state <> new.state or (old.dead_at is null) <> (new.dead_at is null))
  begin
    update run_counts set
      ${runStates.map((state) => `${state} = ${state} - (old.state = '${state}') + (new.state = '${state}')`).join(', ')},
      dead = dead - (old.dead_at is not null) + (new.dead_at is not null)
    where function = new.function and lane = new.lane and slot = 0;
  end`,
  `create trigger count_forgotten_run after delete on runs begin
    update run_counts set forgotten = forgotten + 1, dead = dead - (old.dead_at is not null)
    where function = old.function and lane = old.lane and slot = 0;
  end`,
];

/** Spread over slots, else every commit would wait for one row. New and forgotten runs come by the hundred: they are added up first. */
const addTo = `on conflict (function, lane, slot) do update set ${countedColumns.map((column) => `${column} = run_counts.${column} + excluded.${column}`).join(', ')}`;
const intoCounts = `insert into run_counts (function, lane, slot, ${countedColumns.join(', ')})`;
const slot = 'pg_backend_pid() % 64';
const ofState = (row: string, state: string) => `(${row}.state = '${state}')::int`;

const postgresCounting = [
  counting(
    'count_new_runs',
    `${intoCounts}
      select function, lane, ${slot}, ${runStates.map((state) => `count(*) filter (where state = '${state}')`).join(', ')},
        count(*), 0, count(dead_at)
      from new_runs group by function, lane order by function, lane ${addTo}`,
  ),
  counting(
    'count_moved_run',
    `${intoCounts}
      values (new.function, new.lane, ${slot},
        ${runStates.map((state) => `${ofState('new', state)} - ${ofState('old', state)}`).join(', ')},
        0, 0, (new.dead_at is not null)::int - (old.dead_at is not null)::int) ${addTo}`,
  ),
  counting(
    'count_forgotten_runs',
    `${intoCounts}
      select function, lane, ${slot}, ${runStates.map(() => 0).join(', ')}, 0, count(*), -count(dead_at)
      from old_runs group by function, lane order by function, lane ${addTo}`,
  ),
  `create trigger count_new_runs after insert on runs
    referencing new table as new_runs for each statement execute function count_new_runs()`,
  `create trigger count_moved_run after update on runs for each row
    when (old.state <> new.state or (old.dead_at is null) <> (new.dead_at is null)) execute function count_moved_run()`,
  `create trigger count_forgotten_runs after delete on runs
    referencing old table as old_runs for each statement execute function count_forgotten_runs()`,
];

function counting(name: string, statement: string): string {
  return `create function ${name}() returns trigger language plpgsql as $$ begin ${statement}; return null; end $$`;
}
