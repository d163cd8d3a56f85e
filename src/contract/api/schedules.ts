import { Type, type Static } from '../schema.js';
import { Destination } from '../run-policy.js';
import { catchUpPolicies, overlapPolicies, scheduleNamePattern } from '../schedules.js';
import { defaultLane, FunctionName, LaneName, nullable, oneOf, RunId, Timestamp } from '../words.js';

const views = {
  id: Type.String({ description: 'A GUID.' }),
  name: Type.String({ description: 'Unique in its function and lane.' }),
  function: Type.String(),
  lane: Type.String(),
  version: Type.String({ description: "As asked; empty is the lane's current version at each tick." }),
  cron: nullable(Type.String()),
  time_zone: nullable(Type.String()),
  every_ms: nullable(Type.Integer()),
  at: nullable(Timestamp),
  overlap: oneOf(overlapPolicies, 'What a tick does while the run of the tick before is open.'),
  catch_up: oneOf(catchUpPolicies, 'Which ticks missed in downtime fire after it.'),
  on_failure: nullable(Destination),
  origin: oneOf(['api', 'manifest'], 'manifest: of laneway.json, made and changed by pushes.'),
  paused_at: nullable(Timestamp),
  next_at: nullable(Timestamp),
  last_at: nullable(Timestamp),
  last_run_id: nullable(RunId),
  last_problem: nullable(Type.String({ description: 'Why the latest tick was skipped; null when it fired.' })),
  fired: Type.Integer(),
  skipped: Type.Integer(),
  key_id: nullable(Type.String()),
  created_at: Timestamp,
  updated_at: Timestamp,
};

export const ScheduleView = Type.Object(views, { description: 'A function that runs by itself.' });
export type ScheduleView = Static<typeof ScheduleView>;
export const ScheduleDetail = Type.Object(
  {
    ...views,
    payload: Type.Unknown({ description: 'What the function gets; null stands for name and tick.' }),
    understood_as: Type.String({ description: 'The timing in words.' }),
    next: Type.Array(Timestamp, { description: 'The next ticks, at most five; none while it is paused.' }),
  },
  { $id: 'Schedule', description: 'A schedule with its next ticks.' },
);
export type ScheduleDetail = Static<typeof ScheduleDetail>;
export const ScheduleList = Type.Object({ schedules: Type.Array(ScheduleView) });

const wishes = {
  name: Type.Optional(Type.String({ pattern: scheduleNamePattern, description: 'One is made up when absent.' })),
  version: Type.Optional(Type.String({ maxLength: 32, description: 'Nothing, `latest`, a major, or `major.minor`.' })),
  cron: Type.Optional(Type.String({ maxLength: 256, description: '5 fields, or 6 with seconds first.' })),
  time_zone: Type.Optional(Type.String({ maxLength: 64, description: 'Of cron, such as Europe/Berlin; UTC by default.' })),
  every_ms: Type.Optional(Type.Integer({ minimum: 1000, description: 'A period, instead of cron.' })),
  at: Type.Optional({ ...Timestamp, description: 'One time, instead of cron.' }),
  payload: Type.Optional(Type.Unknown({ description: 'Any JSON value; name and tick by default.' })),
  overlap: Type.Optional(oneOf(overlapPolicies, 'skip by default.')),
  catch_up: Type.Optional(oneOf(catchUpPolicies, 'last by default.')),
  on_failure: Type.Optional(Destination),
};
export const ScheduleChange = Type.Object(wishes, { additionalProperties: false });
export type ScheduleChange = Static<typeof ScheduleChange>;
export const ScheduleBody = Type.Object(
  { function: FunctionName, lane: Type.Optional({ ...LaneName, default: defaultLane }), ...wishes },
  { additionalProperties: false },
);
export type ScheduleBody = Static<typeof ScheduleBody>;

export const ScheduleQuery = Type.Object(
  { function: Type.Optional(FunctionName), lane: Type.Optional(LaneName) },
  { additionalProperties: false },
);
export type ScheduleQuery = Static<typeof ScheduleQuery>;
export const ScheduleParams = Type.Object({ id: Type.String({ maxLength: 80 }) });
export type ScheduleParams = Static<typeof ScheduleParams>;
