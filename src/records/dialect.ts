/** What differs between the two databases, as pieces of SQL; everything else is written once. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Epoch milliseconds by the database's clock; the same for the whole statement. */
  readonly now: string;
  /** Type of ids and names, compared byte by byte. */
  readonly text: string;
  /** Type of a primary key that numbers its rows upwards and never again uses a number. */
  readonly numbered: string;
  /** After a table whose rows are read by their whole key: the rows are kept in its order. */
  readonly clustered: string;
  /** After a query that picks rows to change: nobody else changes them before the transaction ends. */
  readonly forUpdate: string;
  /** The same, but another server's rows are passed over, not waited for. */
  readonly skipLocked: string;
  /** After a table: the index to take. SQLite does not know its rows; PostgreSQL does and needs no hint. */
  indexedBy(index: string): string;
}

/** SQLite's own name for it. By the state it would go through all queued runs for each id of a list. */
export const primaryKeyOfRuns = 'sqlite_autoindex_runs_1';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  // A temporary table of the connection that the records thread sets by its own clock.
  now: '(select now from clock)',
  text: 'text',
  numbered: 'integer primary key autoincrement',
  clustered: 'without rowid',
  forUpdate: '',
  skipLocked: '',
  indexedBy: (index) => `indexed by ${index}`,
};

export const postgresDialect: Dialect = {
  name: 'postgres',
  now: '(extract(epoch from statement_timestamp()) * 1000)::bigint',
  text: 'text collate "C"',
  numbered: 'bigint generated always as identity primary key',
  clustered: '',
  forUpdate: 'for update',
  skipLocked: 'for update skip locked',
  indexedBy: () => '',
};
