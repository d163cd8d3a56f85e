import type { ResolvedVersion } from '../contract/store.js';
import { LanewayError, messageOf } from '../errors.js';
import type { Artifact, PushFacts } from './artifact.js';
import { detailsOf } from './lane-keeper.js';
import { Shared } from './one-at-a-time.js';
import { versionKey, type StoreParts } from './parts.js';
import { takeInZip } from './take-in-zip.js';
import { formatVersion, parseVersion } from './version.js';
import type { Workspace } from './workspace.js';

const rememberRefusalMs = 5000;
const refusalsKept = 1000;

/** Brings versions from the shared store to this disk, each once however many callers wait for it. */
export class Fetcher {
  readonly #parts: StoreParts;
  readonly #underWay = new Shared<Artifact>();
  /** Damaged versions, so that calls to one do not download it over and over. */
  readonly #refused = new Map<string, { at: number; error: LanewayError }>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** From disk, else from the shared store. Rejects with `store_unavailable`, `store_full` or `bad_artifact`. */
  read(version: ResolvedVersion): Promise<Artifact> {
    return this.#underWay.run(versionKey(version), async () => (await this.#parts.disk.read(version)) ?? this.#fetch(version));
  }

  async #fetch(version: ResolvedVersion): Promise<Artifact> {
    this.#refuseAgain(version);
    if (this.#parts.mirror === null) {
      throw new LanewayError('store_unavailable', {
        problem: `${versionKey(version)} is not on this disk and LANEWAY_FTP_URL is not set`,
      });
    }
    const workspace = await this.#parts.disk.makeWorkspace();
    try {
      const artifact = await this.#takeIn(version, workspace);
      await this.#parts.disk.place(workspace, version, artifact);
      await this.#record(version, artifact);
      return artifact;
    } catch (error) {
      throw this.#remember(version, asBadArtifact(version, error));
    } finally {
      await workspace.dispose();
    }
  }

  /** The same checks as at a push: what lies in the shared store may have been put there by anybody. */
  async #takeIn(version: ResolvedVersion, workspace: Workspace): Promise<Artifact> {
    const { mirror, limits } = this.#parts;
    const facts = await mirror!.facts(version);
    const got = await mirror!.download(version, workspace.zip, limits.maxUpload);
    if (got === null) throw badArtifact(version, 'its zip is not in the shared store');
    const recorded = await this.#recordedSum(version);
    for (const sum of [facts?.sha256 ?? null, recorded]) {
      if (sum !== null && sum !== got.sha256) throw badArtifact(version, `its sha256 is ${got.sha256} and should be ${sum}`);
    }
    const { sha256, sizeBytes } = got;
    const taken = await takeInZip(workspace.zip, workspace.files, {
      function: version.function,
      type: facts?.type ?? null,
      limits,
    });
    return { ...(facts ?? unknownFacts()), sha256, sizeBytes, ...taken };
  }

  /** A version of an older store is recorded whole once it has been looked at; it runs without that too. */
  async #record(version: ResolvedVersion, artifact: Artifact): Promise<void> {
    const { details } = detailsOf(artifact, artifact);
    const { records, log } = this.#parts;
    await records.versions
      .ready(version.function, version.lane, parseVersion(version.version)!, details)
      .catch((error: unknown) => log.warn({ ...version, problem: messageOf(error) }, 'details of a version were not recorded'));
  }

  async #recordedSum(version: ResolvedVersion): Promise<string | null> {
    const rows = await this.#parts.records.versions.ofLane(version.function, version.lane);
    return rows.find((row) => formatVersion(row) === version.version)?.sha256 ?? null;
  }

  #refuseAgain(version: ResolvedVersion): void {
    const refused = this.#refused.get(versionKey(version));
    if (refused !== undefined && performance.now() - refused.at < rememberRefusalMs) throw refused.error;
  }

  #remember(version: ResolvedVersion, error: unknown): unknown {
    if (!(error instanceof LanewayError) || error.code !== 'bad_artifact') return error;
    if (this.#refused.size >= refusalsKept) this.#refused.clear();
    this.#refused.set(versionKey(version), { at: performance.now(), error });
    return error;
  }
}

function unknownFacts(): Omit<PushFacts, 'sha256' | 'sizeBytes'> {
  return { type: null, pushedAt: Date.now(), pushedBy: null, promotedFrom: null };
}

/** What would be the pusher's fault at a push is the store's fault here. */
function asBadArtifact(version: ResolvedVersion, error: unknown): unknown {
  if (!(error instanceof LanewayError) || error.status === 503 || error.status === 507 || error.code === 'bad_artifact')
    return error;
  return badArtifact(version, messageOf(error), error);
}

function badArtifact({ function: name, lane, version }: ResolvedVersion, problem: string, cause?: unknown): LanewayError {
  return new LanewayError('bad_artifact', { function: name, lane, version, problem }, cause === undefined ? {} : { cause });
}
