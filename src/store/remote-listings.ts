import { refuseSameLetters } from './catalogue.js';
import type { FtpMirror } from './ftp-mirror.js';
import { Shared } from './one-at-a-time.js';

interface Listing {
  at: number;
  names: ReadonlySet<string>;
}

/**
 * Folder listings of the shared store, each asked for at most once per `maxAgeMs` however many callers there are. Folders
 * below a name that its parent does not list are never asked for, so unknown names can't be used to hammer the server.
 */
export class RemoteListings {
  readonly #mirror: FtpMirror;
  readonly #known = new Map<string, Listing>();
  readonly #underWay = new Shared<ReadonlySet<string>>();

  constructor(mirror: FtpMirror) {
    this.#mirror = mirror;
  }

  /** All names at the root, allowed here or not. */
  functions(maxAgeMs: number): Promise<ReadonlySet<string>> {
    return this.#list('', maxAgeMs, () => this.#mirror.functions());
  }

  /** Empty for a function that is not listed. */
  async lanes(functionName: string, maxAgeMs: number): Promise<ReadonlySet<string>> {
    if (!(await this.functions(maxAgeMs)).has(functionName)) return new Set();
    return await this.#list(functionName, maxAgeMs, () => this.#mirror.lanes(functionName));
  }

  /** Whether the function has such a lane there. */
  async hasLane(functionName: string, lane: string, maxAgeMs: number): Promise<boolean> {
    return (await this.lanes(functionName, maxAgeMs)).has(lane);
  }

  /** Throws `function_name_case` when the function, or lane of it, is listed in another case. */
  async refuseOtherCase({ function: name, lane }: LaneName, maxAgeMs: number): Promise<void> {
    const functions = await this.functions(maxAgeMs);
    if (!functions.has(name)) return refuseSameLetters(name, functions);
    const lanes = await this.lanes(name, maxAgeMs);
    if (!lanes.has(lane)) refuseSameLetters(lane, lanes);
  }

  /** Everything is asked for again. */
  forget(): void {
    this.#known.clear();
  }

  async #list(path: string, maxAgeMs: number, ask: () => Promise<string[]>): Promise<ReadonlySet<string>> {
    const known = this.#known.get(path);
    if (known !== undefined && Date.now() - known.at < maxAgeMs) return known.names;
    return await this.#underWay.run(path, async () => {
      const names = new Set(await ask());
      this.#known.set(path, { at: Date.now(), names });
      return names;
    });
  }
}

export type LaneName = { function: string; lane: string };
