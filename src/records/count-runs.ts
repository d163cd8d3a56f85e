import { sql } from './kysely.js';
import type { Line, LineCounts, StateCounts } from '../contract/records.js';
import { runStates } from '../contract/words.js';
import type { Backend } from './backend.js';

const counted = [...runStates, 'accepted'] as const;
const sums = counted.map((column) => `cast(coalesce(sum(${column}), 0) as bigint) as ${column}`).join(', ');

/** conservation: of all runs there ever were. */
export async function countByState({ db }: Backend): Promise<StateCounts> {
  const { rows } = await sql<StateCounts>`select ${sql.raw(sums)} from run_counts`.execute(db);
  return rows[0]!;
}

/** Without the runs that were forgotten before they were counted by line. */
export async function countByLine({ db }: Backend): Promise<LineCounts[]> {
  const { rows } = await sql<LineCounts>`
    select function, lane, ${sql.raw(sums)} from run_counts where function <> ''
    group by function, lane order by function, lane`.execute(db);
  return rows;
}

export async function linesInQueue({ db }: Backend): Promise<Line[]> {
  const { rows } = await sql<Line>`
    select function, lane from run_counts group by function, lane having sum(queued) > 0 order by function, lane`.execute(db);
  return rows;
}

export async function countDead({ db }: Backend): Promise<(Line & { runs: number })[]> {
  const { rows } = await sql<Line & { runs: number }>`
    select function, lane, cast(sum(dead) as bigint) as runs from run_counts
    group by function, lane having sum(dead) > 0 order by function, lane`.execute(db);
  return rows;
}

/** Runs that are open and need the version: ready, delayed and running ones, each by their own index. */
export async function countOpen({ db, dialect }: Backend, version: Line & { version: string }): Promise<number> {
  const count = (index: string, condition: string) => sql`(
    select count(*) from runs ${sql.raw(dialect.indexedBy(index))} where ${sql.raw(condition)}
    and function = ${version.function} and lane = ${version.lane} and version = ${version.version})`;
  const { rows } = await sql<{ open: number }>`select
    ${count('runs_in_line', `state = 'queued' and ready_at is not null`)}
    + ${count('runs_delayed', `state = 'queued' and ready_at is null`)}
    + ${count('runs_leased', `state = 'running'`)} as open`.execute(db);
  return rows[0]!.open;
}
