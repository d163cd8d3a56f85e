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
  /** After a query that picks rows to change: another server's rows are passed over, not waited for. */
  readonly skipLocked: string;
  /** After a table: the index to take. SQLite does not know its rows; PostgreSQL does and needs no hint. */
  indexedBy(index: string): string;
}

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  now: "cast(unixepoch('subsec') * 1000 as integer)",
  text: 'text',
  numbered: 'integer primary key autoincrement',
  clustered: 'without rowid',
  skipLocked: '',
  indexedBy: (index) => `indexed by ${index}`,
};

export const postgresDialect: Dialect = {
  name: 'postgres',
  now: '(extract(epoch from statement_timestamp()) * 1000)::bigint',
  text: 'text collate "C"',
  numbered: 'bigint generated always as identity primary key',
  clustered: '',
  skipLocked: 'for update skip locked',
  indexedBy: () => '',
};
