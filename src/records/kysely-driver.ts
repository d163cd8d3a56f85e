import type { CompiledQuery, DatabaseConnection, Driver, Kysely as Queries, QueryResult } from 'kysely';
import type { Dialect } from './dialect.js';
import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from './kysely.js';
import type { Tables } from './tables.js';

/** Carries one statement out, in a transaction of its own or shared with others. */
export type Execute = (statement: Statement) => Promise<{ rows: Record<string, unknown>[]; changes: number }>;
interface Statement {
  sql: string;
  parameters: readonly unknown[];
  /** It changes nothing, so nobody needs to wait for a commit. */
  readOnly: boolean;
}

/** Kysely over either database: it writes the SQL, `execute` brings it there. */
export function createKysely(dialect: Dialect, execute: Execute): Queries<Tables> {
  const isSqlite = dialect.name === 'sqlite';
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => (isSqlite ? new SqliteAdapter() : new PostgresAdapter()),
      createDriver: () => new ExecutingDriver(execute),
      createIntrospector: (db) => (isSqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
      createQueryCompiler: () => (isSqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    },
  });
}

/** Statements of many callers go through one place, so a transaction held open between them would hold up all: there is none. */
class ExecutingDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(execute: Execute) {
    this.#connection = new ExecutingConnection(execute);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    throw new Error('A query of several statements must be one statement, or safe to break off between them.');
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class ExecutingConnection implements DatabaseConnection {
  constructor(private readonly execute: Execute) {}

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.execute({ sql, parameters, readOnly: query.kind === 'SelectQueryNode' });
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('Rows are read in pages here, not streamed.');
  }
}
