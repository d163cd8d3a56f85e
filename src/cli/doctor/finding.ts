/** What the doctor found out about one part. */
export interface Finding {
  part: string;
  /** `off` and `missing` are no faults: not asked for, and only needed for more. `failed` is asked for and does not work. */
  state: 'ok' | 'off' | 'missing' | 'failed';
  detail: string;
  /** The line that mends it. */
  mend: string | null;
}

/** How long a part may take to answer. */
export const patienceMs = 3000;

export function ok(part: string, detail: string): Finding {
  return { part, state: 'ok', detail, mend: null };
}

export function failed(part: string, error: unknown, mend: string): Finding {
  return { part, state: 'failed', detail: reasonOf(error), mend };
}

/** A refused connection to a name with several addresses has an empty message and the reasons inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}
