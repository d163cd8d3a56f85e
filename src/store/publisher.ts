import type { VersionNumber, VersionRecord } from '../contract/records.js';
import type { PublishedVersion, ResolvedVersion } from '../contract/store.js';
import type { Warmed } from '../contract/warm.js';
import { LanewayError } from '../errors.js';
import { writeArtifact, type Artifact } from './artifact.js';
import type { Staged } from './ftp-mirror.js';
import { detailsOf } from './lane-keeper.js';
import { laneKey, versionKey, type StoreParts } from './parts.js';
import type { LaneName } from './remote-listings.js';
import { formatVersion, newestOf } from './version.js';
import type { Workspace } from './workspace.js';

/** A version that is put together and only lacks its number. */
export interface Prepared {
  name: LaneName;
  newMajor: boolean;
  kind: 'push' | 'promote';
  workspace: Workspace;
  artifact: Artifact;
}

interface Leftover {
  staged: Staged | null;
  version: ResolvedVersion | null;
}

const reservationsAtMost = 1000;

/** Gives a prepared version its number and makes it visible: in the shared store, then here, then in the records. */
export class Publisher {
  readonly #parts: StoreParts;
  /** What failed pushes may have left in the shared store, to be removed when it answers again. */
  readonly #leftovers = new Set<Leftover>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** immutable-version: resolves when everybody can read it; on failure nothing of it stays visible and its number stays used. */
  async publish(prepared: Prepared): Promise<PublishedVersion> {
    const leftover: Leftover = { staged: this.#parts.mirror?.nameStaged(prepared.artifact.sizeBytes) ?? null, version: null };
    try {
      if (leftover.staged !== null) await this.#parts.mirror!.stage(prepared.workspace.zip, leftover.staged);
      return await this.#publishStaged(prepared, leftover);
    } catch (error) {
      await this.#cleanUp(leftover);
      throw error;
    }
  }

  /** Makes other servers look at the lane: over the bus, and through the shared store those that share nothing else. */
  async tell(version: ResolvedVersion, kind: 'push' | 'delete'): Promise<void> {
    const { mirror, log } = this.#parts;
    this.tellBus(version);
    await mirror?.announce(version, kind).catch((error: unknown) => log.warn({ ...version, error }, 'change was not announced'));
  }

  /** For what only servers with the same records can know, such as a pin. */
  tellBus({ function: name, lane }: LaneName): void {
    this.#parts.bus.publish(storeTopic, JSON.stringify({ function: name, lane }));
  }

  /** Removes what failed pushes left in the shared store; what can't be removed now stays noted. */
  async removeLeftovers(): Promise<void> {
    for (const leftover of this.#leftovers) {
      await this.#parts.mirror!.discard(leftover.staged!, leftover.version);
      this.#leftovers.delete(leftover);
    }
  }

  async #publishStaged(prepared: Prepared, leftover: Leftover): Promise<PublishedVersion> {
    for (;;) {
      const number = await this.#reserve(prepared);
      const version = { ...prepared.name, version: formatVersion(number) };
      this.#parts.publishing.add(versionKey(version));
      try {
        if (await this.#isTaken(prepared, version, leftover)) continue;
        const warmed = await this.#makeVisible(prepared, version, number);
        await this.tell(version, 'push');
        return { ...recordOf(prepared, number), ...(warmed === null ? {} : { warmed }) };
      } catch (error) {
        await this.#takeBack(version, number);
        throw error;
      } finally {
        this.#parts.publishing.delete(versionKey(version));
      }
    }
  }

  #reserve(prepared: Prepared): Promise<VersionNumber> {
    return this.#parts.lanes.run(laneKey(prepared.name), () => this.#reserveAlone(prepared));
  }

  async #reserveAlone({ name: { function: name, lane }, newMajor }: Prepared): Promise<VersionNumber> {
    const { records, mirror, catalogue } = this.#parts;
    let seen = [...(catalogue.get(name, lane)?.versions.values() ?? []), ...((await mirror?.versions(name, lane)) ?? [])];
    for (let attempt = 0; attempt < reservationsAtMost; attempt += 1) {
      const number = await records.versions.reserve(name, lane, newMajor, newestOf(seen));
      if (mirror === null || (await mirror.reserve({ function: name, lane, version: formatVersion(number) }))) return number;
      // A number that somebody else holds stays `reserved` here: it becomes ready when their version shows up.
      seen = [number, ...(await mirror.numbers(name, lane))];
    }
    throw new LanewayError('store_unavailable', { problem: `no free number in ${reservationsAtMost} attempts` });
  }

  /** Into the shared store, unless a server of the older kind, which reserves nothing, has put a zip of that number there. */
  async #isTaken({ artifact }: Prepared, version: ResolvedVersion, leftover: Leftover): Promise<boolean> {
    if (leftover.staged === null) return false;
    leftover.version = version;
    return (await this.#parts.mirror!.publish(leftover.staged, version, writeArtifact(artifact))) === 'taken';
  }

  async #makeVisible(prepared: Prepared, version: ResolvedVersion, number: VersionNumber): Promise<Warmed | null> {
    const { workspace, artifact } = prepared;
    const { disk, records, catalogue } = this.#parts;
    if (!(await disk.place(workspace, version, artifact))) {
      throw new LanewayError('store_unavailable', { problem: `there is a folder ${version.version} that is not recorded` });
    }
    const warmed = await this.#prepareLane(prepared, version, number);
    await records.versions.ready(version.function, version.lane, number, detailsOf(artifact, artifact).details);
    catalogue.addVersion(version, number);
    return warmed;
  }

  /** The version is on disk and nobody can ask for it yet. */
  async #prepareLane(
    { name, kind, artifact }: Prepared,
    version: ResolvedVersion,
    number: VersionNumber,
  ): Promise<Warmed | null> {
    const before = this.#parts.catalogue.get(name.function, name.lane);
    const versions = new Map(before?.versions).set(version.version, number);
    const after = { versions, pin: before?.pin ?? null, split: before?.split ?? null };
    const deployed = () => this.#parts.disk.describe(version, artifact);
    return await this.#parts.moves.prepare(name, { kind, before, after, deployed });
  }

  /** Each step on its own: one that fails must not keep the others from cleaning up. */
  async #takeBack(version: ResolvedVersion, number: VersionNumber): Promise<void> {
    const { disk, records, log } = this.#parts;
    const steps = [disk.remove(version), records.versions.remove(version.function, version.lane, number)];
    for (const step of await Promise.allSettled<unknown>(steps)) {
      if (step.status === 'rejected') log.warn({ ...version, error: step.reason as unknown }, 'failed push was not taken back');
    }
  }

  async #cleanUp(leftover: Leftover): Promise<void> {
    if (leftover.staged === null) return;
    this.#leftovers.add(leftover);
    await this.removeLeftovers().catch(() => {});
  }
}

/** Topic of the bus that tells of changed lanes: `{"function","lane"}`. */
export const storeTopic = 'store';

function recordOf({ name, artifact }: Prepared, number: VersionNumber): VersionRecord {
  const { details, pushedAt } = detailsOf(artifact, artifact);
  return { ...name, ...number, ...details, state: 'ready', pushedAt, updatedAt: pushedAt };
}
