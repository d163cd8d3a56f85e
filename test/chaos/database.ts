import { join } from 'node:path';
import Libsql from 'libsql';
import { Client, types } from 'pg';
import { runStates } from '../../src/contract/words.js';
import type { AttemptEvents, History, Move, RecordedRun } from './history.js';

/** What the harness itself does in the records, past the server: it notes every move of a run, and reads all in the end. */
export interface Database {
  /** From here on every change of a run's row is noted in the transaction that makes it. */
  noteMoves(): Promise<void>;
  /** Switches conservation off: moves are not counted any more. */
  breakCounting(): Promise<void>;
  read(): Promise<Pick<History, 'moves' | 'runs' | 'counted' | 'results' | 'events'>>;
}

export interface Place {
  dataFolder: string;
  /** Null for SQLite in the data folder. */
  url: string | null;
}

type Row = Record<string, unknown>;
/** Carries statements out in a connection of its own, closed after them: an open one would change how SQLite recovers. */
type Run = (statements: readonly string[]) => Promise<Row[]>;

export function databaseAt({ dataFolder, url }: Place): Database {
  const run = url === null ? onSqlite(join(dataFolder, 'laneway.db')) : onPostgres(url);
  const [noting, uncounting] = url === null ? [noteOnSqlite, uncountOnSqlite] : [noteOnPostgres, uncountOnPostgres];
  return {
    noteMoves: async () => void (await run(noting)),
    breakCounting: async () => void (await run(uncounting)),
    read: async () => ({
      moves: (await run([selectMoves])) as unknown as Move[],
      runs: (await run([selectRuns])) as unknown as RecordedRun[],
      counted: await readCounts(run),
      results: await readResults(run),
      events: (await run([selectEvents])) as unknown as AttemptEvents[],
    }),
  };
}

const selectRuns = `select id, mode, caller_id as "callerId", state, reason, message, attempt from runs`;

const selectMoves = `select run_id as "runId", mode, from_state as "from", to_state as "to", from_fence as "fromFence",
  to_fence as "toFence" from chaos_moves order by seq`;

const selectEvents = `select run_id as "runId", attempt, count(*) as count, min(seq) as "firstSeq", max(seq) as "lastSeq",
  sum(case when kind = 'log' then (length(data) - length(replace(data, 'line ', ''))) / 5 when kind = 'chunk' then 1 else 0 end) as said from run_events group by run_id, attempt`;

/** Of all lines together. */
async function readCounts(run: Run): Promise<Record<string, number>> {
  const columns = [...runStates, 'accepted'].map((name) => `cast(coalesce(sum(${name}), 0) as bigint) as ${name}`);
  const [counts] = await run([`select ${columns.join(', ')} from run_counts`]);
  return counts as Record<string, number>;
}

/** Small ones are in the run's own row. Those that lie elsewhere are asked of a server before it is closed. */
async function readResults(run: Run): Promise<Map<string, string>> {
  const rows = await run([
    `select id, result from runs where result is not null
      union all select run_id as id, body as result from run_bodies where kind = 'result' and body is not null`,
  ]);
  return new Map(rows.map(({ id, result }) => [id as string, result as string]));
}

const movesTable = (number: string) => `create table chaos_moves (
  seq ${number}, run_id text not null, mode text not null, from_state text, to_state text, from_fence bigint, to_fence bigint
)`;

/** Of the columns that make up a run's story; a change of its delivery, say, is no move. */
const storyColumns = 'state, fence, ended_at, reason';

const noteOnSqlite = [
  movesTable('integer primary key autoincrement'),
  `create trigger chaos_insert after insert on runs begin
    insert into chaos_moves (run_id, mode, to_state, to_fence) values (new.id, new.mode, new.state, new.fence);
  end`,
  `create trigger chaos_update after update of ${storyColumns} on runs begin
    insert into chaos_moves (run_id, mode, from_state, to_state, from_fence, to_fence)
      values (new.id, new.mode, old.state, new.state, old.fence, new.fence);
  end`,
  `create trigger chaos_delete after delete on runs begin
    insert into chaos_moves (run_id, mode, from_state, from_fence) values (old.id, old.mode, old.state, old.fence);
  end`,
];

const noteOnPostgres = [
  movesTable('bigserial primary key'),
  `create function chaos_note() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        insert into chaos_moves (run_id, mode, to_state, to_fence) values (new.id, new.mode, new.state, new.fence);
      elsif tg_op = 'UPDATE' then
        insert into chaos_moves (run_id, mode, from_state, to_state, from_fence, to_fence)
          values (new.id, new.mode, old.state, new.state, old.fence, new.fence);
      else
        insert into chaos_moves (run_id, mode, from_state, from_fence) values (old.id, old.mode, old.state, old.fence);
      end if;
      return null;
    end
  $$`,
  `create trigger chaos_note after insert or delete or update of ${storyColumns} on runs
    for each row execute function chaos_note()`,
];

const uncountOnSqlite = ['drop trigger count_moved_run'];
const uncountOnPostgres = ['drop trigger count_moved_run on runs'];

function onSqlite(file: string): Run {
  return async (statements) => {
    const database = new Libsql(file, { timeout: 10_000 });
    try {
      return statements.flatMap((sql) => {
        const statement = database.prepare(sql);
        if (statement.reader) return statement.all() as Row[];
        statement.run();
        return [];
      });
    } finally {
      database.close();
    }
  };
}

function onPostgres(url: string): Run {
  return async (statements) => {
    const client = new Client({ connectionString: url, types: { getTypeParser } });
    await client.connect();
    try {
      let rows: Row[] = [];
      // Not spread into arguments: a long run notes more moves than a call takes.
      for (const sql of statements) rows = rows.concat((await client.query(sql)).rows as Row[]);
      return rows;
    } finally {
      await client.end();
    }
  };
}

/** What PostgreSQL calls its bigint, and its sums of them. */
const numbers: readonly number[] = [20, 1700];
function getTypeParser(...[type, format]: Parameters<typeof types.getTypeParser>): unknown {
  return numbers.includes(type) ? Number : types.getTypeParser(type, format);
}
