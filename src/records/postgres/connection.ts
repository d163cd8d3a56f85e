import { Pool, types, type ClientBase, type CustomTypesConfig } from 'pg';
import { LanewayError } from '../../errors.js';
import { carryOutStepsAsync, type Steps, type Value } from '../steps/steps.js';
import { withoutNul } from './storable.js';
import { isTransient, toRecordsError } from './postgres-errors.js';

const maxConnections = 10;
const connectTimeoutMs = 5000;
const statementTimeoutMs = 30_000;
/** What happens for every run: that a server hangs is to be told to callers soon. */
const hotTimeoutMs = 10_000;
const triesOfTransient = 5;
/** bigint and numeric, which `pg` gives as text: times, counts and numbers here all fit a number. */
const bigNumbers = new Set<number>([types.builtins.INT8, types.builtins.NUMERIC]);

export type PostgresRow = Record<string, unknown>;
export interface PostgresStatement {
  /** Prepared under this name, once a connection. */
  name?: string;
  text: string;
  values: unknown[];
  /** Happens for every run. */
  isHot?: boolean;
  /** It is of no use later than that. */
  withinMs?: number;
}

/** A pool of connections. What can't be carried out now is `records_unavailable`; the next call tries anew. */
export class PostgresConnection {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: 'laneway',
      max: maxConnections,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: statementTimeoutMs + 5000,
      keepAlive: true,
      types: { getTypeParser: getTypeParser as CustomTypesConfig['getTypeParser'] },
      // The pool waits for the promise, whatever its types say.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => client.query(sessionSettings),
    });
    // An idle connection that breaks is replaced by the next call; unheard, its error would end the process.
    this.#pool.on('error', () => {});
  }

  async query(statement: PostgresStatement): Promise<{ rows: PostgresRow[]; changes: number }> {
    const { isHot = false, withinMs = Infinity, ...query } = statement;
    const values = statement.values.map(withoutNul);
    const config = { ...query, values, ...(isHot ? { query_timeout: Math.min(hotTimeoutMs, withinMs) } : {}) };
    for (let tries = 1; ; tries += 1) {
      try {
        const { rows, rowCount } = await this.#pool.query<PostgresRow>(config);
        return { rows, changes: rowCount ?? 0 };
      } catch (error) {
        if (!isTransient(error) || tries === triesOfTransient) throw toRecordsError(error);
      }
    }
  }

  /** Steps of one transaction, each with what the ones before it gave. */
  async steps<Answer>(steps: () => Steps<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.transaction((client) =>
          carryOutStepsAsync(steps(), async ({ sql, parameters }) => {
            const values = parameters.map(withoutNul);
            const query = { text: numbered(sql), values, rowMode: 'array', query_timeout: hotTimeoutMs } as const;
            return (await client.query<Value[]>(query)).rows;
          }),
        );
      } catch (error) {
        if (!isTransient(causeOf(error)) || tries === triesOfTransient) throw error;
      }
    }
  }

  /** Statements of one transaction on one connection. */
  async transaction<Answer>(work: (client: ClientBase) => Promise<Answer>): Promise<Answer> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw toRecordsError(error);
    });
    let broken: Error | undefined;
    client.on('error', ignore);
    try {
      await client.query('begin');
      const answer = await work(client);
      await client.query('commit');
      return answer;
    } catch (error) {
      // The connection is thrown away, and with it what was not committed.
      broken = error as Error;
      throw toRecordsError(error);
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/**
 * no-fake-accept: a server configured not to wait for its disk is told to wait here. Every statement has its index: a plan that
 * was made while a table was empty, and kept, is to use it too.
 */
const sessionSettings = `select set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
  set_config('statement_timeout', '${statementTimeoutMs}', false),
  case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`;

function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (bigNumbers.has(oid)) return Number;
  return types.getTypeParser(oid, format);
}

/** A step's `?` as `$1`, `$2`... */
function numbered(sql: string): string {
  let last = 0;
  return sql.replaceAll('?', () => `$${(last += 1)}`);
}

function causeOf(error: unknown): unknown {
  return error instanceof LanewayError ? error.cause : error;
}

function ignore(): void {}
