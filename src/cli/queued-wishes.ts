import { readDuration } from './read-duration.js';
import { readWholeNumber } from './read-whole-number.js';

/** What `fas run` may be asked for besides; all of it is for queued runs, which its are. */
export interface WishOptions {
  delay?: string;
  at?: string;
  expiresAfter?: string;
  retries?: string;
  priority?: string;
  idempotencyKey?: string;
}

/** As `POST /runs` takes it; what was not given is left to the function and the server. */
export function readWishes(options: WishOptions): Record<string, string | number | undefined> {
  return {
    delay_ms: readGiven(options.delay),
    run_at: options.at,
    expires_after_ms: readGiven(options.expiresAfter),
    retries: readWholeNumber(options.retries, '--retries'),
    priority: readWholeNumber(options.priority, '--priority'),
    idempotency_key: options.idempotencyKey,
  };
}

function readGiven(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : readDuration(duration);
}
