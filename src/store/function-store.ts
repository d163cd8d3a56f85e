import type { Readable } from 'node:stream';
import type { DeployedVersion } from '../contract/executor.js';
import type { LaneRecord, PromotedFrom, VersionNumber, VersionRecord } from '../contract/records.js';
import type { FunctionStore, LaneView, MovedLane, PublishedVersion, PushRequest, ResolvedVersion } from '../contract/store.js';
import type { LaneMove, PrepareMove } from '../contract/warm.js';
import { LanewayError } from '../errors.js';
import type { Artifact } from './artifact.js';
import type { KnownLane } from './catalogue.js';
import { asRefusal } from './disk-errors.js';
import type { Fetcher } from './fetcher.js';
import { chooseVersion } from './lane.js';
import { destinationsOf, refuseSchedule, refuseWarm } from './manifest.js';
import { isFunctionName, refuseNames } from './names.js';
import { laneKey, versionKey } from './parts.js';
import type { Prepared } from './publisher.js';
import { receiveZip } from './receive-zip.js';
import type { LaneName } from './remote-listings.js';
import { readSplit } from './split.js';
import type { StoreWatcher, WatcherParts } from './store-watcher.js';
import { takeInZip } from './take-in-zip.js';
import { compareVersions, formatVersion, parseAsked, parseVersion } from './version.js';
import type { Workspace } from './workspace.js';

export interface FunctionStoreParts extends WatcherParts {
  watcher: StoreWatcher;
  fetcher: Fetcher;
}

/** The store on this disk, with or without a shared one behind it. Each method lists its steps; the parts do them. */
export class DiskFunctionStore implements FunctionStore {
  readonly #parts: FunctionStoreParts;
  /** By the very object that `resolve` gave, so that the hot path builds no key. */
  readonly #deployedBy = new WeakMap<ResolvedVersion, DeployedVersion>();

  constructor(parts: FunctionStoreParts) {
    this.#parts = parts;
  }

  async push(request: PushRequest): Promise<PublishedVersion> {
    request.zip.on('error', () => {});
    try {
      const name = { function: request.function, lane: request.lane };
      await this.#refuseNewName(name);
      return await this.#inWorkspace(async (workspace) => {
        const artifact = await this.#receive(request, workspace);
        return await this.#publish({ name, newMajor: request.newMajor, kind: 'push', workspace, artifact });
      });
    } finally {
      request.zip.destroy();
    }
  }

  resolve(functionName: string, lane: string, asked: string): ResolvedVersion | Promise<ResolvedVersion> {
    const known = this.#parts.catalogue.get(functionName, lane);
    const resolved = known?.resolve(asked) ?? null;
    if (resolved === null) return this.#lookUpAndResolve({ function: functionName, lane }, asked);
    this.#parts.watcher.used(known!);
    return resolved;
  }

  deployed(version: ResolvedVersion): DeployedVersion | Promise<DeployedVersion> {
    return this.#deployedBy.get(version) ?? this.#parts.deployed.get(versionKey(version)) ?? this.#deploy(version);
  }

  async functions(): Promise<{ name: string; lanes: string[] }[]> {
    const { catalogue, listings, watcher } = this.#parts;
    await watcher.untilWalked();
    const lanes = new Map(catalogue.functions().map((name) => [name, new Set(catalogue.lanes(name).map(({ lane }) => lane))]));
    for (const name of (await listings?.functions(remoteAgeMs).catch(unlessUnavailable)) ?? []) {
      const listed = isFunctionName(name) ? ((await listings!.lanes(name, Infinity).catch(unlessUnavailable)) ?? []) : [];
      lanes.set(name, new Set([...(lanes.get(name) ?? []), ...listed]));
    }
    return [...lanes]
      .map(([name, set]) => ({ name, lanes: [...set].sort() }))
      .sort((first, second) => (first.name < second.name ? -1 : 1));
  }

  async lanes(functionName: string): Promise<LaneView[]> {
    refuseNames(functionName);
    const { catalogue, listings, keeper, watcher } = this.#parts;
    if (!catalogue.has(functionName)) {
      for (const lane of (await listings?.lanes(functionName, remoteAgeMs)) ?? []) {
        await keeper.refreshFromMirror({ function: functionName, lane });
      }
    }
    const lanes = catalogue.lanes(functionName);
    if (lanes.length === 0) throw new LanewayError('function_not_found', { function: functionName });
    for (const lane of lanes) watcher.used(lane);
    return lanes.map(viewOf);
  }

  async lane(functionName: string, lane: string): Promise<LaneView> {
    return viewOf(await this.#knownLane({ function: functionName, lane }));
  }

  async versions(functionName: string, lane: string): Promise<VersionRecord[]> {
    await this.#knownLane({ function: functionName, lane });
    const rows = await this.#parts.records.versions.ofLane(functionName, lane);
    const ready = rows.filter((row) => row.state === 'ready').sort((first, second) => compareVersions(second, first));
    return await Promise.all(ready.map((row) => this.#complete(row)));
  }

  async version(functionName: string, lane: string, version: string): Promise<VersionRecord> {
    const number = await this.#knownNumber({ function: functionName, lane }, version);
    const rows = await this.#parts.records.versions.ofLane(functionName, lane);
    const row = rows.find((candidate) => candidate.state === 'ready' && compareVersions(candidate, number) === 0);
    if (row === undefined) throw new LanewayError('version_not_found', { function: functionName, lane, version });
    return await this.#complete(row);
  }

  async artifact(
    functionName: string,
    lane: string,
    version: string,
  ): Promise<{ stream: Readable; sizeBytes: number; sha256: string }> {
    const number = await this.#knownNumber({ function: functionName, lane }, version);
    const resolved = { function: functionName, lane, version: formatVersion(number) };
    const { sizeBytes, sha256 } = await this.#parts.fetcher.read(resolved);
    return { stream: this.#parts.disk.readZip(resolved), sizeBytes, sha256 };
  }

  async promote(
    functionName: string,
    from: PromotedFrom,
    toLane: string,
    ...more: [newMajor: boolean, by: string | null]
  ): Promise<PublishedVersion> {
    const [newMajor, by] = more;
    const name = { function: functionName, lane: toLane };
    const number = await this.#knownNumber({ function: functionName, lane: from.lane }, from.version);
    const source = { function: functionName, lane: from.lane, version: formatVersion(number) };
    await this.#refuseNewName(name);
    const artifact = await this.#parts.fetcher.read(source);
    return await this.#inWorkspace(async (workspace) => {
      await this.#parts.disk.linkInto(workspace, source);
      const promotedFrom = { lane: from.lane, version: source.version };
      const copy = { ...artifact, pushedAt: Date.now(), pushedBy: by, promotedFrom };
      return await this.#publish({ name, newMajor, kind: 'promote', workspace, artifact: copy });
    });
  }

  async pin(functionName: string, lane: string, version: string): Promise<MovedLane> {
    return await this.#change({ function: functionName, lane }, 'pin', async (name) => ({
      pin: await this.#knownNumber(name, version),
      split: null,
    }));
  }

  async unpin(functionName: string, lane: string): Promise<MovedLane> {
    return await this.#change({ function: functionName, lane }, 'unpin', () => Promise.resolve({ pin: null, split: null }));
  }

  async split(functionName: string, lane: string, parts: { version: string; weight: number }[]): Promise<MovedLane> {
    const split = readSplit(parts);
    return await this.#change({ function: functionName, lane }, 'split', async (name) => {
      for (const part of split) await this.#knownNumber(name, formatVersion(part));
      return { pin: null, split };
    });
  }

  async remove(functionName: string, lane: string, version: string): Promise<void> {
    const name = { function: functionName, lane };
    const { lanes, mirror, records, keeper, publisher } = this.#parts;
    await lanes.run(laneKey(name), async () => {
      const number = await this.#knownNumber(name, version);
      const resolved = { ...name, version: formatVersion(number) };
      await this.#refuseInUse(resolved, number);
      await mirror?.remove(resolved);
      await records.versions.remove(functionName, lane, number);
      await keeper.refresh(name);
      await publisher.tell(resolved, 'delete');
    });
  }

  onLaneChange(handle: (name: LaneName) => void): () => void {
    return this.#parts.catalogue.onChange(handle);
  }

  beforeLaneMoves(prepare: PrepareMove): void {
    this.#parts.moves.onMove(prepare);
  }

  async check(): Promise<void> {
    await this.#parts.disk.check().catch(rethrowRefusal);
    await this.#parts.mirror?.check();
  }

  async close(): Promise<void> {
    this.#parts.mirror?.close();
    await this.#parts.watcher.stop();
  }

  async #refuseNewName(name: LaneName): Promise<void> {
    const { catalogue, watcher, listings } = this.#parts;
    refuseNames(name.function, name.lane);
    if (catalogue.get(name.function, name.lane) === undefined) await watcher.lookUp(name);
    catalogue.refuseOtherCase(name.function, name.lane);
    await listings?.refuseOtherCase(name, remoteAgeMs);
  }

  async #receive({ zip, type, pushedBy, requireDestination, ...name }: PushRequest, workspace: Workspace): Promise<Artifact> {
    const { limits } = this.#parts;
    const facts = await receiveZip(zip, workspace.zip, limits.maxUpload);
    const taken = await takeInZip(workspace.zip, workspace.files, { function: name.function, type, limits });
    refuseSchedule(taken.manifest, this.#parts.checkSchedule);
    refuseWarm(taken, this.#parts.warm);
    destinationsOf(taken.manifest).forEach(requireDestination);
    return { ...facts, type, pushedAt: Date.now(), pushedBy, promotedFrom: null, ...taken };
  }

  async #publish(prepared: Prepared): Promise<PublishedVersion> {
    return await this.#parts.publisher.publish(prepared);
  }

  /** Whatever happens, nothing of the workspace stays; a disk that is full or fails is told as such. */
  async #inWorkspace<Result>(work: (workspace: Workspace) => Promise<Result>): Promise<Result> {
    const workspace = await this.#parts.disk.makeWorkspace().catch(rethrowRefusal);
    try {
      return await work(workspace).catch(rethrowRefusal);
    } finally {
      await workspace.dispose();
    }
  }

  async #lookUpAndResolve(name: LaneName, asked: string): Promise<ResolvedVersion> {
    refuseNames(name.function, name.lane);
    if (parseAsked(asked) === null) throw new LanewayError('version_invalid', { value: asked });
    await this.#parts.watcher.lookUp(name);
    const known = this.#parts.catalogue.get(name.function, name.lane);
    return known?.resolve(asked) ?? this.#refuseUnknown(name, asked === '' ? 'latest' : asked);
  }

  async #knownLane(name: LaneName): Promise<KnownLane> {
    const { catalogue, watcher } = this.#parts;
    refuseNames(name.function, name.lane);
    if (catalogue.get(name.function, name.lane) === undefined) await watcher.lookUp(name);
    const lane = catalogue.get(name.function, name.lane) ?? this.#refuseUnknown(name, 'latest');
    watcher.used(lane);
    return lane;
  }

  /** An exact version that is there. */
  async #knownNumber(name: LaneName, version: string): Promise<VersionNumber> {
    refuseNames(name.function, name.lane);
    const number = parseVersion(version);
    if (number === null) throw new LanewayError('version_invalid', { value: version });
    const find = () => this.#parts.catalogue.get(name.function, name.lane)?.versions.get(version);
    if (find() === undefined) await this.#parts.watcher.lookUp(name);
    return find() ?? this.#refuseUnknown(name, version);
  }

  #refuseUnknown({ function: name, lane }: LaneName, version: string): never {
    const { catalogue } = this.#parts;
    if (!catalogue.has(name)) throw new LanewayError('function_not_found', { function: name });
    if (catalogue.get(name, lane) === undefined) throw new LanewayError('lane_not_found', { function: name, lane });
    throw new LanewayError('version_not_found', { function: name, lane, version });
  }

  async #deploy(version: ResolvedVersion): Promise<DeployedVersion> {
    const artifact = await this.#parts.fetcher.read(version).catch(rethrowRefusal);
    const deployed = this.#parts.disk.describe(version, artifact);
    this.#parts.deployed.set(deployed.key, deployed);
    // What was adopted from the shared store unseen shows here for the first time what it schedules and wants.
    const { schedule, events, warm } = artifact.manifest;
    if (schedule !== undefined || events !== undefined || warm !== undefined) this.#parts.catalogue.tellChange(version);
    if (Object.isFrozen(version)) this.#deployedBy.set(version, deployed);
    return deployed;
  }

  /** What the records do not know of an adopted version is read from this disk, where it is here. */
  async #complete(row: VersionRecord): Promise<VersionRecord> {
    if (row.sha256 !== null && row.manifest !== null) return row;
    const version = { function: row.function, lane: row.lane, version: formatVersion(row) };
    const artifact = await this.#parts.disk.read(version).catch(() => null);
    if (artifact === null) return row;
    const { sha256, sizeBytes, manifest, type, pushedBy, promotedFrom, pushedAt } = artifact;
    return { ...row, sha256, sizeBytes, manifest, type, pushedBy, promotedFrom, pushedAt };
  }

  /** What is asked for is checked first, and again when the lane is changed: it may have been deleted meanwhile. */
  async #change(name: LaneName, kind: LaneMove['kind'], choose: Choose): Promise<MovedLane> {
    const { lanes, moves } = this.#parts;
    const before = await this.#knownLane(name);
    const after = { versions: before.versions, ...(await choose(name)) };
    const deployed = async (version: VersionNumber) => await this.deployed({ ...name, version: formatVersion(version) });
    const prepare = (hurry: AbortSignal) => moves.prepare(name, { kind, before, after, deployed }, hurry);
    return await moves.run(name, prepare, async (warmed) => {
      const view = await lanes.run(laneKey(name), () => this.#changeAlone(name, choose));
      return warmed === null ? view : { ...view, warmed };
    });
  }

  async #changeAlone(name: LaneName, choose: Choose): Promise<LaneView> {
    const { records, keeper, publisher } = this.#parts;
    const { pin, split } = await choose(name);
    await records.lanes.set(name.function, name.lane, pin, split);
    await keeper.refresh(name);
    publisher.tellBus(name);
    return viewOf(await this.#knownLane(name));
  }

  async #refuseInUse(version: ResolvedVersion, number: VersionNumber): Promise<void> {
    const { function: name, lane, version: text } = version;
    const record = await this.#parts.records.lanes.get(name, lane);
    const open = await this.#parts.records.runs.countOpen(name, lane, text);
    const inSplit = record?.split?.some((part) => compareVersions(part, number) === 0) ?? false;
    const pin = record?.pin ?? null;
    const isPinned = pin !== null && compareVersions(pin, number) === 0;
    const user = isPinned ? "the lane's pin" : inSplit ? "the lane's split" : open > 0 ? `${open} unfinished runs` : null;
    if (user !== null) throw new LanewayError('version_in_use', { function: name, lane, version: text, user });
  }
}

type Choose = (name: LaneName) => Promise<Pick<LaneRecord, 'pin' | 'split'>>;

/** How old a listing of the shared store may be when somebody waits for it. */
const remoteAgeMs = 500;

function viewOf(lane: KnownLane): LaneView {
  const current = lane.pin === null && lane.split !== null ? null : chooseVersion(lane, { kind: 'current' }, 0);
  const { function: name, lane: laneName, pin, split, versions } = lane;
  return { function: name, lane: laneName, current: current && formatVersion(current), pin, split, versions: versions.size };
}

function rethrowRefusal(error: unknown): never {
  throw asRefusal(error);
}

/** For listings that go on without a shared store that is down. */
function unlessUnavailable(error: unknown): null {
  if (error instanceof LanewayError && error.code === 'store_unavailable') return null;
  throw error;
}
