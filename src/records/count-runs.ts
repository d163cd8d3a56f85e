import { sql } from 'kysely';
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

/** Runs that are open and need the version. */
export async function countOpen({ db }: Backend, version: Line & { version: string }): Promise<number> {
  const { open } = await db
    .selectFrom('runs')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('state', 'in', ['queued', 'running'])
    .where('function', '=', version.function)
    .where('lane', '=', version.lane)
    .where('version', '=', version.version)
    .executeTakeFirstOrThrow();
  return open;
}
