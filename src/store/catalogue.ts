import { isDeepStrictEqual } from 'node:util';
import type { LaneRecord, VersionNumber } from '../contract/records.js';
import type { ResolvedVersion } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import { chooseVersion, type LaneContent } from './lane.js';
import { formatVersion, parseAsked, type Asked } from './version.js';

const answersKept = 256;

/** One lane in memory. It is replaced by a new one when anything of it changes, so that answers can be kept. */
export class KnownLane implements LaneContent {
  readonly function: string;
  readonly lane: string;
  readonly versions: ReadonlyMap<string, VersionNumber>;
  readonly pin: LaneRecord['pin'];
  readonly split: LaneRecord['split'];
  /** When the shared store was last asked for it, epoch milliseconds. */
  listedAt = 0;
  readonly #resolved = new Map<string, ResolvedVersion>();
  readonly #answers = new Map<string, ResolvedVersion>();

  constructor(name: { function: string; lane: string }, content: LaneContent) {
    this.function = name.function;
    this.lane = name.lane;
    this.versions = content.versions;
    this.pin = content.pin;
    this.split = content.split;
  }

  /** null when the lane does not have it; throws `version_invalid`. The same object for the same version, without allocating. */
  resolve(asked: string): ResolvedVersion | null {
    return this.#answers.get(asked) ?? this.#find(asked);
  }

  #find(text: string): ResolvedVersion | null {
    const asked = parseAsked(text);
    if (asked === null) throw new LanewayError('version_invalid', { value: text });
    const number = chooseVersion(this, asked, Math.random());
    if (number === null) return null;
    const resolved = this.#sameObject(formatVersion(number));
    if (!this.#isChance(asked) && this.#answers.size < answersKept) this.#answers.set(text, resolved);
    return resolved;
  }

  #isChance(asked: Asked): boolean {
    return asked.kind === 'current' && this.pin === null && this.split !== null;
  }

  #sameObject(version: string): ResolvedVersion {
    const known = this.#resolved.get(version);
    if (known !== undefined) return known;
    const resolved = Object.freeze({ function: this.function, lane: this.lane, version });
    this.#resolved.set(version, resolved);
    return resolved;
  }
}

/** Every lane with at least one version, in memory: what resolving needs and no more. */
export class Catalogue {
  readonly #functions = new Map<string, Map<string, KnownLane>>();
  readonly #listeners = new Set<(name: { function: string; lane: string }) => void>();

  get(functionName: string, lane: string): KnownLane | undefined {
    return this.#functions.get(functionName)?.get(lane);
  }

  has(functionName: string): boolean {
    return this.#functions.has(functionName);
  }

  functions(): string[] {
    return [...this.#functions.keys()];
  }

  /** Sorted by name. */
  lanes(functionName: string): KnownLane[] {
    const lanes = [...(this.#functions.get(functionName)?.values() ?? [])];
    return lanes.sort((first, second) => (first.lane < second.lane ? -1 : 1));
  }

  /** Puts the lane in place of what was known of it; one without versions is not there at all. */
  set(name: { function: string; lane: string }, content: LaneContent): void {
    const before = this.get(name.function, name.lane);
    if (content.versions.size === 0) this.#remove(name);
    else this.#put(name, content);
    if (!isSame(before, content)) this.tellChange(name);
  }

  /** Calls back with each lane that changes. Returns how to stop. */
  onChange(listen: (name: { function: string; lane: string }) => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }

  /** For what changes a lane and is not kept here, such as what its version turned out to be. */
  tellChange({ function: name, lane }: { function: string; lane: string }): void {
    for (const listen of this.#listeners) listen({ function: name, lane });
  }

  /** Adds one version to what is known of its lane. */
  addVersion(name: { function: string; lane: string }, version: VersionNumber): void {
    const known = this.get(name.function, name.lane);
    const versions = new Map(known?.versions).set(formatVersion(version), version);
    this.set(name, { versions, pin: known?.pin ?? null, split: known?.split ?? null });
  }

  /** Throws `function_name_case` when a function, or lane of it, is known under the same letters in another case. */
  refuseOtherCase(functionName: string, lane: string): void {
    if (!this.has(functionName)) refuseSameLetters(functionName, this.#functions.keys());
    else if (this.get(functionName, lane) === undefined) refuseSameLetters(lane, this.#functions.get(functionName)!.keys());
  }

  #put(name: { function: string; lane: string }, content: LaneContent): void {
    const lanes = this.#functions.get(name.function) ?? new Map<string, KnownLane>();
    this.#functions.set(name.function, lanes);
    lanes.set(name.lane, new KnownLane(name, content));
  }

  #remove({ function: name, lane }: { function: string; lane: string }): void {
    const lanes = this.#functions.get(name);
    lanes?.delete(lane);
    if (lanes?.size === 0) this.#functions.delete(name);
  }
}

function isSame(before: LaneContent | undefined, { versions, pin, split }: LaneContent): boolean {
  if (before === undefined) return versions.size === 0;
  return (
    before.versions.size === versions.size &&
    [...versions.keys()].every((version) => before.versions.has(version)) &&
    isDeepStrictEqual([before.pin, before.split], [pin, split])
  );
}

/** Throws `function_name_case` for a known name that differs only in letter case. */
export function refuseSameLetters(value: string, known: Iterable<string>): void {
  const folded = value.toLowerCase();
  for (const existing of known) {
    if (existing !== value && existing.toLowerCase() === folded)
      throw new LanewayError('function_name_case', { value, existing });
  }
}
