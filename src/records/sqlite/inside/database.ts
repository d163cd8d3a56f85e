import Libsql from 'libsql';
import { runStates } from '../../../contract/words.js';
import { sqliteDialect } from '../../dialect.js';
import { createMigrationsTable, pendingStatements } from '../../migrations/pending.js';
import type { Step } from '../../steps/steps.js';
import type { QueryAnswer, Value } from '../messages.js';
import { RecordsClock } from './records-clock.js';
import { addMoved, RunCounter } from './run-counter.js';

type Prepared = Libsql.Statement;

const settings = [
  'journal_mode = wal',
  // no-fake-accept: every commit is fsynced before it is answered.
  'synchronous = full',
  'temp_store = memory',
  // 16 MiB of pages in memory, and what a burst added to the log is given back.
  'cache_size = -16384',
  'journal_size_limit = 67108864',
];

/** The SQLite file, opened and brought up to date. Statements are prepared once. */
export class Database {
  readonly #libsql: Libsql.Database;
  readonly #prepared = new Map<string, { statement: Prepared; columns: string[] | null }>();
  readonly #clock: RecordsClock;
  readonly #setClock: Prepared;
  readonly counts = new RunCounter((values) => this.#addMoved.run(values));
  readonly #addMoved: Prepared;

  constructor(file: string) {
    this.#libsql = new Libsql(file, { timeout: 5000 });
    for (const pragma of settings) this.#libsql.pragma(pragma);
    this.#libsql.exec(`create temp table clock (now integer not null); insert into clock values (${Date.now()})`);
    this.#migrate();
    this.#setClock = this.prepare('update clock set now = ?');
    this.#addMoved = this.prepare(addMoved);
    this.#clock = new RecordsClock(this.#latestTime());
    this.tick();
  }

  /** What statements that ask for the time are told from now on. */
  tick(): void {
    this.#setClock.run([this.#clock.now()]);
  }

  now(): number {
    return this.#clock.now();
  }

  begin(): void {
    this.#libsql.exec('begin immediate');
  }

  commit(): void {
    this.counts.flush();
    this.#libsql.exec('commit');
  }

  /** Does nothing when SQLite has rolled back by itself, as it does on a full disk. */
  rollback(): void {
    this.counts.discard();
    if (this.#libsql.inTransaction) this.#libsql.exec('rollback');
  }

  /** A statement whose rows come as arrays. */
  prepare(sql: string): Prepared {
    const statement = this.#libsql.prepare(sql);
    return statement.reader ? statement.raw(true) : statement;
  }

  query(sql: string, parameters: readonly Value[]): QueryAnswer {
    // It may ask for the counts.
    this.counts.flush();
    const { statement, columns } = this.#prepareOnce(sql);
    if (columns === null) return { columns: [], rows: [], changes: statement.run(parameters).changes };
    const rows = statement.all(parameters) as Value[][];
    return { columns, rows, changes: rows.length };
  }

  /** Rows of a step of a transaction. */
  readonly execute = ({ sql, parameters }: Step): Value[][] => this.query(sql, parameters).rows;

  close(): void {
    this.#libsql.close();
  }

  /** When a run was accepted or ended last. */
  #latestTime(): number {
    const columns = ['(select max(ended_at) from runs where ended_at is not null)'];
    for (const state of runStates) {
      const isEnded = state === 'queued' || state === 'running' ? '' : 'and ended_at is not null';
      columns.push(`(select max(created_at) from runs where state = '${state}' ${isEnded})`);
    }
    const { rows } = this.query(`select ${columns.join(', ')}`, []);
    return Math.max(0, ...rows[0]!.map(Number));
  }

  #prepareOnce(sql: string): { statement: Prepared; columns: string[] | null } {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.prepare(sql);
    const prepared = { statement, columns: statement.reader ? statement.columns().map((column) => column.name) : null };
    if (this.#prepared.size >= 200) this.#prepared.clear();
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #migrate(): void {
    this.begin();
    try {
      this.#libsql.exec(createMigrationsTable);
      const applied = this.query('select name from migrations order by name', []).rows.map(([name]) => name as string);
      for (const statement of pendingStatements(applied, sqliteDialect)) this.#libsql.exec(statement);
      this.commit();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }
}
