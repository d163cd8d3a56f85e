import type { Call, QueryAnswer, Value } from '../messages.js';
import type { Database } from './database.js';
import type { HotStatements } from './hot-statements.js';

export type Outcome = { answer: unknown } | { failure: unknown };

/**
 * Carries out calls that wait together, in one transaction: one fsync for all. When one of them fails, all are undone
 * and carried out again, each alone, so that only the one at fault fails.
 */
export function commitTogether(calls: readonly Call[], database: Database, statements: HotStatements): Outcome[] {
  database.tick();
  if (calls.every(isRead)) return calls.map((call) => attempt(() => carryOut(call, database, statements)));
  const together = attempt(() => inTransaction(database, () => calls.map((call) => carryOut(call, database, statements))));
  if ('answer' in together) return (together.answer as unknown[]).map((answer) => ({ answer }));
  if (calls.length === 1) return [together];
  return calls.flatMap((call) => commitTogether([call], database, statements));
}

function carryOut([operation, values]: Call, database: Database, statements: HotStatements): unknown {
  if (operation === 'query') return query(values, database);
  return statements[operation](values.map(toValue));
}

function query([sql, , ...parameters]: readonly unknown[], database: Database): QueryAnswer {
  return database.query(sql as string, parameters.map(toValue));
}

function isRead([operation, values]: Call): boolean {
  return operation === 'query' && values[1] === 1;
}

function inTransaction<Answer>(database: Database, work: () => Answer): Answer {
  database.begin();
  try {
    const answer = work();
    database.commit();
    return answer;
  } catch (error) {
    database.rollback();
    throw error;
  }
}

function attempt(work: () => unknown): Outcome {
  try {
    return { answer: work() };
  } catch (failure) {
    return { failure };
  }
}

/** libsql ends the whole process over a value that it does not know, and cuts a text at its first NUL. */
function toValue(value: unknown): Value {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  if (typeof value === 'number' || value === null) return value;
  throw new TypeError(`A ${typeof value} can't be kept in the records.`);
}
