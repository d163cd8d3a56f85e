import { Type, type Static } from './schema.js';
import { EventPattern } from './events.js';
import { Destination, Retries } from './run-policy.js';
import { catchUpPolicies, overlapPolicies, scheduleNamePattern } from './schedules.js';
import { isolations, oneOf, runtimes } from './words.js';

const environmentName = '^[A-Za-z_][A-Za-z0-9_]{0,127}$';
const relativeFile = '^(?!/)(?!.*(?:^|/)\\.\\.(?:/|$))[^\\\\\\u0000]{1,512}$';

const ManifestScheduleObject = Type.Object(
  {
    name: Type.Optional(Type.String({ pattern: scheduleNamePattern, description: 'Unique in the lane.' })),
    cron: Type.Optional(Type.String({ maxLength: 256, description: '5 fields, or 6 with seconds first.' })),
    every_ms: Type.Optional(Type.Integer({ minimum: 1000, description: 'A period, instead of cron.' })),
    at: Type.Optional(Type.String({ format: 'date-time', description: 'One time, instead of cron.' })),
    time_zone: Type.Optional(Type.String({ maxLength: 64, description: 'Of cron; UTC by default.' })),
    payload: Type.Optional(Type.Unknown({ description: 'Any JSON value; name and tick by default.' })),
    overlap: Type.Optional(oneOf(overlapPolicies, 'When the run of the tick before is open; skip by default.')),
    catch_up: Type.Optional(oneOf(catchUpPolicies, 'What of missed ticks fires after downtime; last by default.')),
    on_failure: Type.Optional(Destination),
  },
  { additionalProperties: false },
);

const OneSchedule = Type.Union([Type.String({ maxLength: 256, description: 'Cron, in UTC.' }), ManifestScheduleObject]);
/** When a lane whose current version this is runs by itself: a cron pattern in UTC, or more of it, or several. */
export const ManifestSchedule = Type.Union([OneSchedule, Type.Array(OneSchedule, { maxItems: 32 })]);
export type ManifestSchedule = Static<typeof ManifestSchedule>;

const WarmWindow = Type.Object(
  {
    cron: Type.String({ maxLength: 256, description: 'When a window begins: 5 fields, or 6 with seconds first.' }),
    minutes: Type.Integer({ minimum: 1, maximum: 10_080, description: 'How long it stays open.' }),
    time_zone: Type.Optional(Type.String({ maxLength: 64, description: 'Of cron; UTC by default.' })),
  },
  { additionalProperties: false },
);
export type WarmWindow = Static<typeof WarmWindow>;

/** Workers of a lane's current version that each server keeps loaded: always, or in windows of time. */
export const ManifestWarm = Type.Object(
  {
    min: Type.Integer({ minimum: 0, maximum: 1024, description: 'Workers kept loaded on each server; 0 is none.' }),
    schedule: Type.Optional(Type.Union([WarmWindow, Type.Array(WarmWindow, { minItems: 1, maxItems: 32 })])),
  },
  { additionalProperties: false },
);
export type ManifestWarm = Static<typeof ManifestWarm>;

/**
 * `laneway.json` in the zip. Every field is optional; unknown fields are refused.
 * Fields that need a part this server does not have are refused at push, never ignored: see `store/manifest.ts`.
 */
export const Manifest = Type.Object(
  {
    runtime: Type.Optional(oneOf(runtimes, 'What runs the entry. Found from the entry file when absent.')),
    entry: Type.Optional(Type.String({ pattern: relativeFile, description: 'The file to load, relative to the zip.' })),
    handler: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'The export or function to call.' })),
    isolation: Type.Optional(oneOf(['auto', ...isolations], 'The wall around a run; `auto` is the strongest proved.')),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000, description: 'Longest time of one attempt.' })),
    memory_mb: Type.Optional(
      Type.Integer({ minimum: 16, maximum: 65_536, description: 'Memory of one worker with all it starts.' }),
    ),
    cpu: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 128,
        description: 'Cores of one worker with all it starts; a fraction is allowed.',
      }),
    ),
    max_processes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_536, description: 'Processes and threads of one worker besides its runtime.' }),
    ),
    network: Type.Optional(
      oneOf(['none', 'outbound'], 'What a confined function may reach: nothing, the default, or the world.'),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: environmentName }), Type.String({ maxLength: 32_768 }), { additionalProperties: false }),
    ),
    secrets: Type.Optional(Type.Array(Type.String({ pattern: environmentName }), { maxItems: 64, uniqueItems: true })),
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1024, description: 'Workers of this version a server may keep.' }),
    ),
    retries: Type.Optional({ ...Retries, description: 'How failed attempts of a queued run are repeated.' }),
    expires_after_ms: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31_536_000_000, description: 'A queued run that has not begun by then expires.' }),
    ),
    priority: Type.Optional(
      Type.Integer({ minimum: -1000, maximum: 1000, description: 'Larger goes first among the queued runs of a lane.' }),
    ),
    on_success: Type.Optional({ ...Destination, description: 'Is told when a queued run succeeded.' }),
    on_failure: Type.Optional({ ...Destination, description: 'Is told when a queued run failed or expired.' }),
    fresh: Type.Optional(Type.Boolean({ description: 'A new worker for every run.' })),
    payload: Type.Optional(oneOf(['body', 'envelope'], '`envelope` hands in the SharpFaas payload object.')),
    forward_headers: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), { maxItems: 64 })),
    events: Type.Optional(
      Type.Array(EventPattern, {
        maxItems: 32,
        uniqueItems: true,
        description: 'Events that start a queued run of this function.',
      }),
    ),
    schedule: Type.Optional(ManifestSchedule),
    warm: Type.Optional(ManifestWarm),
  },
  { additionalProperties: false, $id: 'Manifest', description: 'laneway.json' },
);
export type Manifest = Static<typeof Manifest>;
