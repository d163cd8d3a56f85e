import type { LaneRecord, VersionNumber } from '../contract/records.js';
import { formatVersion, newestOf, type Asked } from './version.js';

/** A lane as far as resolving needs it: which versions it has, by their text, and what decides the current one. */
export interface LaneContent {
  versions: ReadonlyMap<string, VersionNumber>;
  pin: LaneRecord['pin'];
  split: LaneRecord['split'];
}

/**
 * The version that is meant, or null when the lane does not have it. `chance` is a number from 0 up to 1 that decides a split.
 * A pin or split that names a version which is not there gives null: what was chosen is never replaced in silence.
 */
export function chooseVersion(lane: LaneContent, asked: Asked, chance: number): VersionNumber | null {
  if (asked.kind === 'current') return present(lane, chooseCurrent(lane, chance));
  if (asked.kind === 'exact') return present(lane, asked.version);
  return newestOf(ofMajor(lane, asked.major));
}

/** What nothing, `0` or `latest` gives: the pin, else the split's choice, else the newest. */
function chooseCurrent({ pin, split, versions }: LaneContent, chance: number): VersionNumber | null {
  return pin ?? (split === null ? newestOf(versions.values()) : chooseByWeight(split, chance));
}

/** All that nothing, `0` or `latest` may give, as far as they are there. */
export function currentVersions(lane: LaneContent): VersionNumber[] {
  const { pin, split, versions } = lane;
  const chosen = pin === null && split !== null ? split : [pin ?? newestOf(versions.values())];
  return chosen.map((version) => present(lane, version)).filter((version) => version !== null);
}

function chooseByWeight(split: NonNullable<LaneRecord['split']>, chance: number): VersionNumber | null {
  const total = split.reduce((sum, part) => sum + part.weight, 0);
  let left = chance * total;
  for (const part of split) {
    left -= part.weight;
    if (left < 0) return part;
  }
  return split.at(-1) ?? null;
}

function* ofMajor(lane: LaneContent, major: number): Iterable<VersionNumber> {
  for (const version of lane.versions.values()) if (version.major === major) yield version;
}

function present(lane: LaneContent, version: VersionNumber | null): VersionNumber | null {
  return version === null ? null : (lane.versions.get(formatVersion(version)) ?? null);
}
