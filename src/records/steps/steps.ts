/** What a statement takes and gives in both databases. */
export type Value = string | number | null;

/** A statement of a transaction; each `?` stands for a parameter. */
export interface Step {
  sql: string;
  parameters: readonly Value[];
}

/**
 * What needs several statements in one transaction, written once: it yields each and is given its rows. The records thread
 * of SQLite carries them out at once, PostgreSQL one after the other over a connection.
 */
export type Steps<Answer> = Generator<Step, Answer, Value[][]>;

export function carryOutSteps<Answer>(steps: Steps<Answer>, execute: (step: Step) => Value[][]): Answer {
  for (let next = steps.next(); ; next = steps.next(execute(next.value))) if (next.done === true) return next.value;
}

export async function carryOutStepsAsync<Answer>(
  steps: Steps<Answer>,
  execute: (step: Step) => Promise<Value[][]>,
): Promise<Answer> {
  for (let next = steps.next(); ; next = steps.next(await execute(next.value))) if (next.done === true) return next.value;
}
