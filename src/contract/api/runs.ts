import { Type, type Static } from 'typebox';
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
    attempt: Type.Integer(),
    timeout_ms: Type.Integer(),
    created_at: Timestamp,
    started_at: nullable(Timestamp),
    ended_at: nullable(Timestamp),
    payload_bytes: Type.Integer(),
    result_bytes: Type.Integer(),
    timings: nullable(
      Type.Object({
        cold: nullable(Type.String({ description: 'Why a worker had to be started; null when a warm one was used.' })),
        wait_ms: Type.Number(),
        start_ms: Type.Number(),
        run_ms: Type.Number(),
      }),
    ),
  },
  { $id: 'Run', description: 'One execution.' },
);
export type RunView = Static<typeof RunView>;

export const StartRunBody = Type.Object(
  {
    function: FunctionName,
    lane: Type.Optional({ ...LaneName, default: defaultLane }),
    version: Type.Optional(Type.String({ maxLength: 32, description: 'Nothing, `latest`, a major, or `major.minor`.' })),
    payload: Type.Optional(Type.Unknown({ description: 'Any JSON value.' })),
    mode: Type.Optional(oneOf(runModes, 'sync by default.')),
    caller_id: Type.Optional(Type.String({ maxLength: 256 })),
    run_id: Type.Optional(Type.String({ maxLength: 80, description: 'A GUID of your own that is not in use.' })),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
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
