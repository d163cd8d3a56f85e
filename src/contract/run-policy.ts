import { Type, type Static } from './schema.js';
import { EventName } from './events.js';
import { defaultLane, failureReasons, FunctionName, LaneName, oneOf, type FailureReason } from './words.js';

const milliseconds = { minimum: 0, maximum: 86_400_000 };

/** How failed attempts are repeated: a number of retries with the default backoff, or all of it. */
export const Retries = Type.Union([
  Type.Integer({ minimum: 0, maximum: 100, description: 'Retries after the first attempt, with exponential backoff.' }),
  Type.Object(
    {
      attempts: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 101, description: 'All attempts together, the first one included.' }),
      ),
      backoff: Type.Optional(oneOf(['fixed', 'exponential'], 'exponential by default: the delay doubles with each attempt.')),
      delay_ms: Type.Optional(Type.Integer({ ...milliseconds, description: 'Before the first retry; 1000 by default.' })),
      max_delay_ms: Type.Optional(Type.Integer({ ...milliseconds, description: 'Longest delay; 5 minutes by default.' })),
      jitter: Type.Optional(
        Type.Number({ minimum: 0, maximum: 1, description: 'Share of a delay that is left to chance; 0.2 by default.' }),
      ),
      delays_ms: Type.Optional(
        Type.Array(Type.Integer(milliseconds), {
          minItems: 1,
          maxItems: 100,
          description: 'The delays one by one, instead of a backoff.',
        }),
      ),
      on: Type.Optional(
        Type.Array(oneOf(failureReasons, 'Why an attempt failed.'), {
          minItems: 1,
          uniqueItems: true,
          description: 'What is retried.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
]);
export type Retries = Static<typeof Retries>;

/** Where the end of a queued run is told. */
export const Destination = Type.Union([
  Type.Object(
    { function: FunctionName, lane: Type.Optional({ ...LaneName, default: defaultLane }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      webhook: Type.String({
        pattern: '^https?://(?![^/?#]*@)[^\\s]{1,2000}$',
        description: 'Gets a POST, signed when a secret is named. No user or password in the URL.',
      }),
      secret: Type.Optional(
        Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$', description: 'Name of the secret to sign with.' }),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object({ event: EventName }, { additionalProperties: false }),
]);
export type Destination = Static<typeof Destination>;

/** What becomes of a queued run that fails or ends: settled when it is accepted, kept with it. */
export interface RunPolicy {
  retry: RetryPolicy | null;
  onSuccess: Destination | null;
  onFailure: Destination | null;
  /** Ends of other runs that were told on the way to this one, so that functions can not call each other for ever; absent is none. */
  hops?: number;
}

/** `Retries` with every default filled in. */
export interface RetryPolicy {
  /** All attempts together. */
  attempts: number;
  /** Before the n-th retry; the last one repeats. Null: by the backoff. */
  delaysMs: readonly number[] | null;
  backoff: 'fixed' | 'exponential';
  delayMs: number;
  maxDelayMs: number;
  /** Share of a delay that is left to chance, 0 to 1. */
  jitter: number;
  on: readonly FailureReason[];
}
