import { Type, type Static } from '../schema.js';
import { Manifest } from '../manifest.js';
import { FunctionName, LaneName, oneOf, Timestamp, VersionText, nullable } from '../words.js';

/** What is answered where a lane moves, when there was something to load before it did. */
const warmedFields = {
  warmed: Type.Optional(
    Type.Boolean({ description: 'Where the lane moved: whether the version was loaded on this server before.' }),
  ),
  warm_problem: Type.Optional(Type.String({ description: 'Why it was not; the lane moved nevertheless.' })),
};

export const VersionView = Type.Object(
  {
    function: Type.String(),
    lane: Type.String(),
    version: Type.String(),
    sha256: nullable(Type.String({ description: 'Of the zip, hex; null for one of an older store that was not fetched yet.' })),
    size_bytes: nullable(Type.Integer()),
    type: nullable(Type.String()),
    manifest: nullable(Manifest),
    pushed_at: Timestamp,
    pushed_by: nullable(Type.String({ description: "A key's id." })),
    promoted_from: nullable(Type.Object({ lane: Type.String(), version: Type.String() })),
    ...warmedFields,
  },
  { description: 'One immutable version.' },
);
export type VersionView = Static<typeof VersionView>;

export const LaneState = Type.Object(
  {
    lane: Type.String(),
    current: nullable(Type.String({ description: 'What a caller who names no version gets; null while a split decides.' })),
    pin: nullable(Type.String()),
    split: nullable(Type.Array(Type.Object({ version: Type.String(), weight: Type.Integer() }))),
    versions: Type.Integer(),
    ...warmedFields,
  },
  { description: 'A named line of versions.' },
);
export type LaneState = Static<typeof LaneState>;

export const FunctionList = Type.Object({
  functions: Type.Array(Type.Object({ name: Type.String(), lanes: Type.Array(Type.String()) })),
});
export const FunctionState = Type.Object({ name: Type.String(), lanes: Type.Array(LaneState) });
export const VersionList = Type.Object({ versions: Type.Array(VersionView) });

export const FunctionParams = Type.Object({ name: FunctionName });
export const LaneParams = Type.Object({ name: FunctionName, lane: LaneName });
export const VersionParams = Type.Object({ name: FunctionName, lane: LaneName, version: VersionText });
export type FunctionParams = Static<typeof FunctionParams>;
export type LaneParams = Static<typeof LaneParams>;
export type VersionParams = Static<typeof VersionParams>;

export const PushQuery = Type.Object(
  {
    new_major: Type.Optional(Type.Boolean({ default: false, description: 'Start the next major version.' })),
    type: Type.Optional(oneOf(['dll', 'exe'], 'Module or executable, when laneway.json is silent.')),
  },
  { additionalProperties: false },
);
export type PushQuery = Static<typeof PushQuery>;

export const PinBody = Type.Object({ version: VersionText }, { additionalProperties: false });
export type PinBody = Static<typeof PinBody>;

export const SplitBody = Type.Object(
  {
    parts: Type.Array(
      Type.Object({ version: VersionText, weight: Type.Integer({ minimum: 1, maximum: 100 }) }, { additionalProperties: false }),
      { minItems: 2, maxItems: 10, description: 'Weights add up to 100.' },
    ),
  },
  { additionalProperties: false },
);
export type SplitBody = Static<typeof SplitBody>;

export const PromoteBody = Type.Object(
  {
    from_lane: LaneName,
    version: Type.Optional(Type.String({ maxLength: 32, description: 'As a caller would ask; the current one by default.' })),
    new_major: Type.Optional(Type.Boolean({ default: false })),
  },
  { additionalProperties: false },
);
export type PromoteBody = Static<typeof PromoteBody>;
