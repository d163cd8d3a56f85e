import type { LaneRecord, VersionDetails, VersionNumber } from '../contract/records.js';
import type { ResolvedVersion } from '../contract/store.js';
import type { Artifact, PushFacts } from './artifact.js';
import { messageOf } from '../errors.js';
import { Shared } from './one-at-a-time.js';
import { laneKey, versionKey, type StoreParts } from './parts.js';
import type { LaneName } from './remote-listings.js';
import { formatVersion, parseVersion } from './version.js';

type Details = { details: VersionDetails; pushedAt: number };
type Describe = (version: ResolvedVersion) => Promise<Details | null>;

/** With more unknown versions than this in a lane nothing is read of them until somebody asks. */
const describedAtOnce = 20;

/**
 * Brings what is found on disk and in the shared store into the records, and the records into the catalogue. A version
 * that is found is complete, so one that is unknown is adopted, one that is `reserved` became visible just before its
 * push died (or is another server's) and is made ready, and one that is `deleted` stays deleted.
 */
export class LaneKeeper {
  readonly #parts: StoreParts;
  readonly #looking = new Shared<void>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Fills the catalogue at start: from the records, then with what the disk has besides. */
  async load(): Promise<void> {
    const { records, catalogue, disk } = this.#parts;
    for (const [name, rows] of groupByLane(await records.versions.allReady())) catalogue.set(name, contentOf(rows, null));
    for (const lane of await records.lanes.all()) {
      const known = catalogue.get(lane.function, lane.lane);
      if (known !== undefined) catalogue.set(lane, { versions: known.versions, pin: lane.pin, split: lane.split });
    }
    const unknown = (await disk.scan()).filter(
      (found) => !catalogue.get(found.function, found.lane)?.versions.has(found.version),
    );
    for (const [name, found] of groupByLane(unknown)) await this.#adoptFromDisk(name, found);
  }

  /** The lane as the records have it; what was deleted since then goes from this disk too. */
  async refresh(name: LaneName): Promise<void> {
    const { records, catalogue } = this.#parts;
    const known = catalogue.get(name.function, name.lane);
    const rows = await records.versions.ofLane(name.function, name.lane);
    const lane = await records.lanes.get(name.function, name.lane);
    // A push or another look was faster: what was read here may be older than what is known now.
    if (catalogue.get(name.function, name.lane) !== known) return this.refresh(name);
    const before = known?.versions;
    const ready = rows.filter((row) => row.state === 'ready');
    catalogue.set(name, contentOf(ready, lane));
    for (const row of rows) {
      const version = formatVersion(row);
      if (row.state === 'deleted' && before?.has(version) === true) await this.#drop({ ...name, version });
    }
  }

  /** The lane as the shared store has it; callers at the same time share one look. */
  refreshFromMirror(name: LaneName): Promise<void> {
    return this.#looking.run(laneKey(name), () => this.#compareWithMirror(name));
  }

  async #adoptFromDisk(name: LaneName, found: readonly ResolvedVersion[]): Promise<void> {
    const { disk } = this.#parts;
    const describe: Describe = async (version) => {
      const artifact = await disk.read(version);
      return artifact === null ? null : detailsOf(artifact, artifact);
    };
    const gone = await this.#bringIn(
      name,
      found.map((version) => parseVersion(version.version)!),
      describe,
    );
    for (const version of gone) await this.#drop(version);
  }

  async #compareWithMirror(name: LaneName): Promise<void> {
    const { mirror, catalogue } = this.#parts;
    if (mirror === null) return;
    const listed = await mirror.versions(name.function, name.lane);
    const known = catalogue.get(name.function, name.lane)?.versions ?? new Map<string, VersionNumber>();
    const unknown = listed.filter((version) => !known.has(formatVersion(version)));
    const describe: Describe = async (version) => {
      const facts = await mirror.facts(version);
      return facts === null ? null : detailsOf(facts, null);
    };
    if (unknown.length > 0) await this.#bringIn(name, unknown, describe);
    const there = new Set(listed.map(formatVersion));
    if ([...known.keys()].some((version) => !there.has(version))) await this.#dropDeleted(name, there);
  }

  /** A version that is not in the shared store counts as deleted only when that is written there: stores get lost too. */
  async #dropDeleted(name: LaneName, there: ReadonlySet<string>): Promise<void> {
    const { mirror, catalogue, records, log } = this.#parts;
    for (const number of await mirror!.deleted(name.function, name.lane)) {
      const version = { ...name, version: formatVersion(number) };
      if (there.has(version.version) || !catalogue.get(name.function, name.lane)?.versions.has(version.version)) continue;
      await records.versions.remove(name.function, name.lane, number);
      await this.refresh(name);
      log.info(version, 'version was deleted by another server');
    }
  }

  async #drop(version: ResolvedVersion): Promise<void> {
    const { deployed, disk, log } = this.#parts;
    deployed.delete(versionKey(version));
    await disk
      .remove(version)
      .catch((error: unknown) => log.warn({ ...version, problem: messageOf(error) }, 'deleted version is still on disk'));
  }

  /** Returns those that are deleted by the records. */
  async #bringIn(name: LaneName, found: readonly VersionNumber[], describe: Describe): Promise<ResolvedVersion[]> {
    const { records, publishing } = this.#parts;
    const rows = await records.versions.ofLane(name.function, name.lane);
    const states = new Map(rows.map((row) => [formatVersion(row), row.state]));
    const gone: ResolvedVersion[] = [];
    const unknown: VersionNumber[] = [];
    for (const number of found) {
      const version = { ...name, version: formatVersion(number) };
      const state = states.get(version.version);
      if (state === undefined) unknown.push(number);
      if (state === 'deleted') gone.push(version);
      if (state !== 'reserved' || publishing.has(versionKey(version))) continue;
      const { details } = (await describe(version)) ?? { details: nothingKnown };
      await records.versions.ready(name.function, name.lane, number, details);
    }
    if (unknown.length > 0) await this.#adopt(name, unknown, unknown.length > describedAtOnce ? null : describe);
    await this.refresh(name);
    return gone;
  }

  async #adopt(name: LaneName, found: readonly VersionNumber[], describe: Describe | null): Promise<void> {
    const adopted = [];
    for (const number of found) {
      const known = (await describe?.({ ...name, version: formatVersion(number) })) ?? { details: {} };
      adopted.push({ ...name, ...number, ...known });
    }
    await this.#parts.records.versions.adopt(adopted);
    this.#parts.log.info({ ...name, versions: found.length }, 'versions found in the store were adopted');
  }
}

const nothingKnown: VersionDetails = {
  sha256: null,
  sizeBytes: null,
  manifest: null,
  type: null,
  pushedBy: null,
  promotedFrom: null,
};

/** What the records keep of an artifact, or of the facts alone when the zip itself has not been read here. */
export function detailsOf(facts: PushFacts, artifact: Artifact | null): Details {
  const { sha256, sizeBytes, type, pushedBy, promotedFrom, pushedAt } = facts;
  const details = { sha256, sizeBytes, type, pushedBy, promotedFrom, manifest: artifact?.manifest ?? null };
  return { details, pushedAt };
}

function contentOf(rows: readonly VersionNumber[], lane: Pick<LaneRecord, 'pin' | 'split'> | null) {
  const versions = new Map(rows.map(({ major, minor }) => [formatVersion({ major, minor }), { major, minor }]));
  return { versions, pin: lane?.pin ?? null, split: lane?.split ?? null };
}

function groupByLane<Item extends LaneName>(items: readonly Item[]): Map<LaneName, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(laneKey(item));
    if (group === undefined) groups.set(laneKey(item), [item]);
    else group.push(item);
  }
  return new Map([...groups.values()].map((group) => [{ function: group[0]!.function, lane: group[0]!.lane }, group]));
}
