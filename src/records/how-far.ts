import { sql } from './kysely.js';
import type { RunStanding } from '../contract/records.js';
import type { Backend } from './backend.js';
import { primaryKeyOfRuns } from './dialect.js';

/** A statement holds up the calls of others for as long as it takes. */
const runsAtOnce = 250;

/** How far each of these runs has come, by its keys alone: neither what it was nor what it said is read. */
export async function howFar(backend: Backend, ids: readonly string[]): Promise<RunStanding[]> {
  const all: RunStanding[] = [];
  for (let from = 0; from < ids.length; from += runsAtOnce)
    all.push(...(await readSome(backend, ids.slice(from, from + runsAtOnce))));
  return all;
}

interface StandingRow {
  id: string;
  ended_at: number | null;
  last_attempt: number | null;
  last_seq: number | null;
}

async function readSome({ db, dialect }: Backend, ids: readonly string[]): Promise<RunStanding[]> {
  const last = (column: string) =>
    sql.raw(`(select ${column} from run_events where run_id = runs.id order by attempt desc, seq desc limit 1)`);
  const { rows } = await sql<StandingRow>`
    select id, ended_at, ${last('attempt')} as last_attempt, ${last('seq')} as last_seq
    from runs ${sql.raw(dialect.indexedBy(primaryKeyOfRuns))} where id in (${sql.join(ids)})`.execute(db);
  return rows.map(({ id, ended_at, last_attempt, last_seq }) => ({
    id,
    ended: ended_at !== null,
    lastEvent: last_attempt === null || last_seq === null ? null : { attempt: last_attempt, seq: last_seq },
  }));
}
