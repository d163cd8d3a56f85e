import type { Readable } from 'node:stream';
import type { DeployedVersion } from './executor.js';
import type { LaneRecord, PromotedFrom, VersionRecord } from './records.js';
import type { Destination } from './run-policy.js';
import type { PrepareMove, Warmed } from './warm.js';

export interface PushRequest {
  function: string;
  lane: string;
  newMajor: boolean;
  /** The zip, streamed; its end without `truncated` is the end of the upload. Destroyed on refusal. */
  zip: Readable;
  /** SharpFaas's `dll` or `exe`: the runtime when the manifest is silent. */
  type: 'dll' | 'exe' | null;
  pushedBy: string | null;
  /** Throws for a destination in the manifest that whoever pushes may not reach. */
  requireDestination: (destination: Destination) => void;
}

/** What a version asked for was resolved to; needs no disk. */
export interface ResolvedVersion {
  function: string;
  lane: string;
  /** `major.minor` */
  version: string;
}

export interface LaneView {
  function: string;
  lane: string;
  /** What nothing, `0` or `latest` gives now; null when a split decides or there is no version. */
  current: string | null;
  pin: LaneRecord['pin'];
  split: LaneRecord['split'];
  versions: number;
}

/** `warmed`: what came of loading what the lane moved to; absent when there was nothing to load. */
export type MovedLane = LaneView & { warmed?: Warmed };
export type PublishedVersion = VersionRecord & { warmed?: Warmed };

/** Where versions live. Function and lane names given here are already checked against `contract/words.ts`. */
export interface FunctionStore {
  /** immutable-version: resolves when the version is complete, readable by everybody and recorded. Leaves nothing behind on refusal. */
  push(request: PushRequest): Promise<PublishedVersion>;
  /**
   * From memory whenever the lane is known here; a promise when it has to be looked for.
   * Rejects (or throws) with `function_not_found`, `lane_not_found`, `version_not_found`, `version_invalid`.
   */
  resolve(functionName: string, lane: string, asked: string): ResolvedVersion | Promise<ResolvedVersion>;
  /** The unpacked version, fetched once when it is not on this disk. Rejects with `store_unavailable` or `bad_artifact`. */
  deployed(version: ResolvedVersion): DeployedVersion | Promise<DeployedVersion>;
  /** Function names with their lanes, sorted by name. */
  functions(): Promise<{ name: string; lanes: string[] }[]>;
  lanes(functionName: string): Promise<LaneView[]>;
  lane(functionName: string, lane: string): Promise<LaneView>;
  /** Ready versions, newest first. */
  versions(functionName: string, lane: string): Promise<VersionRecord[]>;
  version(functionName: string, lane: string, version: string): Promise<VersionRecord>;
  /** The zip as pushed. */
  artifact(functionName: string, lane: string, version: string): Promise<{ stream: Readable; sizeBytes: number; sha256: string }>;
  /** A copy as a new version of `toLane`. */
  promote(
    functionName: string,
    from: PromotedFrom,
    toLane: string,
    ...more: [newMajor: boolean, by: string | null]
  ): Promise<PublishedVersion>;
  pin(functionName: string, lane: string, version: string): Promise<MovedLane>;
  /** Takes pin and split away. */
  unpin(functionName: string, lane: string): Promise<MovedLane>;
  split(functionName: string, lane: string, parts: { version: string; weight: number }[]): Promise<MovedLane>;
  /** Rejects with `version_in_use` while a pin, split or unfinished run needs it. */
  remove(functionName: string, lane: string, version: string): Promise<void>;
  /**
   * Called whenever the versions, the pin or the split of a lane are other ones than before, or a manifest with a schedule,
   * events or warm workers became known, by whoever changed it. Returns how to stop.
   */
  onLaneChange(handle: (name: { function: string; lane: string }) => void): () => void;
  /** `prepare` is asked before a lane moves because of a call here; what it can't do does not keep the lane from moving. */
  beforeLaneMoves(prepare: PrepareMove): void;
  /** Rejects with the reason when a push could not be kept now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
