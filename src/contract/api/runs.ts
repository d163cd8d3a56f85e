import { Type, type Static } from '../schema.js';
import { Destination, Retries } from '../run-policy.js';
import {
  defaultLane,
  failureReasons,
  FunctionName,
  LaneName,
  oneOf,
  RunId,
  runModes,
  runStates,
  Timestamp,
  nullable,
} from '../words.js';

export const RunView = Type.Object(
  {
    id: RunId,
    mode: oneOf(runModes, 'sync: answered in the request; queued: accepted durably.'),
    source: Type.String({ description: 'The way in: http, sharpfaas, hub.' }),
    caller_id: nullable(Type.String()),
    key_id: nullable(Type.String()),
    function: Type.String(),
    lane: Type.String(),
    version: Type.String({ description: 'What it was resolved to when it was accepted.' }),
    version_asked: Type.String(),
    executor: Type.String(),
    isolation: nullable(Type.String()),
    type: nullable(Type.String()),
    state: oneOf(runStates, 'queued and running are open, the others are ends.'),
    reason: nullable(oneOf(failureReasons, 'Why it failed.')),
    message: nullable(Type.String()),
    exit_code: nullable(Type.Integer()),
    attempt: Type.Integer({ description: 'Attempts begun so far.' }),
    failures: Type.Integer({ description: 'Attempts that failed and were repeated.' }),
    server_deaths: Type.Integer({ description: 'How often a server died while it carried the run out.' }),
    priority: Type.Integer(),
    timeout_ms: Type.Integer(),
    created_at: Timestamp,
    due_at: { ...Timestamp, description: 'Not to begin, or to begin again, before.' },
    expires_at: nullable(Timestamp),
    started_at: nullable(Timestamp),
    ended_at: nullable(Timestamp),
    payload_bytes: Type.Integer(),
    result_bytes: Type.Integer(),
    timings: nullable(
      Type.Object(
        {
          queued_ms: Type.Number({ description: 'From being due to being claimed.' }),
          fetch_ms: Type.Number({ description: "Until the version was on this server's disk." }),
          wait_ms: Type.Number({ description: 'Until there was a worker.' }),
          start_ms: Type.Number({ description: 'Until the worker was started and had loaded the version.' }),
          run_ms: Type.Number({ description: 'In the function.' }),
          record_ms: nullable(Type.Number({ description: 'Until its log and end were recorded.' })),
          cold: nullable(Type.String({ description: 'Why a worker had to be started; null when a warm one was used.' })),
        },
        { description: 'Where the time of the latest attempt went.' },
      ),
    ),
    retries: nullable(Retries),
    on_success: nullable(Destination),
    on_failure: nullable(Destination),
    delivery: nullable(
      Type.Object(
        {
          state: oneOf(['pending', 'delivered', 'failed'], ''),
          attempts: Type.Integer(),
          problem: nullable(Type.String()),
        },
        { description: 'How far its end has been told to its destination.' },
      ),
    ),
    dead_letter: Type.Boolean({ description: 'It failed or expired, and was neither redriven nor purged.' }),
    redrive_of: nullable(RunId),
    redriven_as: nullable(RunId),
    schedule_id: nullable(Type.String()),
    traceparent: nullable(Type.String()),
  },
  { $id: 'Run', description: 'One execution.' },
);
export type RunView = Static<typeof RunView>;

const year = 31_536_000_000;

export const StartRunBody = Type.Object(
  {
    function: FunctionName,
    lane: Type.Optional({ ...LaneName, default: defaultLane }),
    version: Type.Optional(Type.String({ maxLength: 32, description: 'Nothing, `latest`, a major, or `major.minor`.' })),
    payload: Type.Optional(Type.Unknown({ description: 'Any JSON value.' })),
    mode: Type.Optional(oneOf(runModes, 'sync by default. What follows timeout_ms is for queued runs, but for the key.')),
    caller_id: Type.Optional(Type.String({ maxLength: 256 })),
    run_id: Type.Optional(Type.String({ maxLength: 80, description: 'A GUID of your own that is not in use.' })),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
    idempotency_key: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'The same key and request again give the same run.' }),
    ),
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000, description: 'Larger goes first within the lane.' })),
    delay_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: year, description: 'Not to begin before.' })),
    run_at: Type.Optional({ ...Timestamp, description: 'Not to begin before; instead of delay_ms.' }),
    expires_after_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: year, description: 'Expires unless begun by then.' })),
    retries: Type.Optional(Retries),
    on_success: Type.Optional(Destination),
    on_failure: Type.Optional(Destination),
  },
  { additionalProperties: false },
);
export type StartRunBody = Static<typeof StartRunBody>;

export const RunQuery = Type.Object(
  {
    function: Type.Optional(FunctionName),
    lane: Type.Optional(LaneName),
    version: Type.Optional(Type.String({ maxLength: 32 })),
    state: Type.Optional(
      Type.String({
        pattern: `^(${runStates.join('|')})(,(${runStates.join('|')}))*$`,
        description: 'One or more, with commas.',
      }),
    ),
    mode: Type.Optional(oneOf(runModes, 'Only this mode.')),
    caller_id: Type.Optional(Type.String({ maxLength: 256 })),
    schedule_id: Type.Optional(Type.String({ maxLength: 64 })),
    from: Type.Optional(Timestamp),
    until: Type.Optional(Timestamp),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,15}\\.[0-9a-f-]{36}$', description: '`next_cursor` of the page before.' }),
    ),
  },
  { additionalProperties: false },
);
export type RunQuery = Static<typeof RunQuery>;

export const RunPage = Type.Object({ runs: Type.Array(RunView), next_cursor: nullable(Type.String()) });

const filterFields = {
  function: Type.Optional(FunctionName),
  lane: Type.Optional(LaneName),
  version: Type.Optional(Type.String({ maxLength: 32 })),
  caller_id: Type.Optional(Type.String({ maxLength: 256 })),
  schedule_id: Type.Optional(Type.String({ maxLength: 64 })),
  from: Type.Optional({ ...Timestamp, description: 'Accepted at or after.' }),
  until: Type.Optional({ ...Timestamp, description: 'Accepted at or before.' }),
};

/** Which runs a bulk call is for. Nothing is refused: an empty body must not mean all. */
export const BulkFilter = Type.Object(filterFields, { additionalProperties: false, minProperties: 1 });
export type BulkFilter = Static<typeof BulkFilter>;

export const RedriveBody = Type.Object(
  { version: Type.Optional(oneOf(['same', 'current'], 'What the run was resolved to (default), or what its lane has now.')) },
  { additionalProperties: false },
);
export type RedriveBody = Static<typeof RedriveBody>;

export const BulkRedriveBody = Type.Object(
  { filter: Type.Optional(BulkFilter), ...RedriveBody.properties },
  { additionalProperties: false },
);
export type BulkRedriveBody = Static<typeof BulkRedriveBody>;

export const BulkAnswer = Type.Object(
  {
    done: Type.Integer(),
    refused: Type.Array(Type.Object({ id: Type.String(), problem: Type.String() })),
    more: Type.Boolean({ description: 'There may be more that fit: ask again.' }),
  },
  { description: 'What a bulk call came to; at most a thousand runs a call.' },
);

export const DeadLetterCounts = Type.Object({
  total: Type.Integer(),
  lanes: Type.Array(Type.Object({ function: Type.String(), lane: Type.String(), dead_letters: Type.Integer() })),
});
