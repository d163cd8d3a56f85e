import { Type, type Static } from '../schema.js';
import { nullable } from '../words.js';

const year = 31_536_000_000;

/** What a function or one of its lanes may take of the queue; null is what the settings say. */
export const LimitView = Type.Object({
  max_running: nullable(Type.Integer({ description: 'Queued runs carried out at the same time, on all servers together.' })),
  max_queued: nullable(Type.Integer({ description: 'Runs waiting; then 429 queue_full.' })),
  expires_after_ms: nullable(Type.Integer({ description: 'A queued run that has not begun by then expires.' })),
});
export type LimitView = Static<typeof LimitView>;

export const LimitBody = Type.Object(
  {
    max_running: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 }))),
    max_queued: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }))),
    expires_after_ms: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: year }))),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type LimitBody = Static<typeof LimitBody>;

export const FunctionLimits = Type.Object({
  function: nullable(LimitView),
  lanes: Type.Array(Type.Object({ lane: Type.String(), ...LimitView.properties })),
});
