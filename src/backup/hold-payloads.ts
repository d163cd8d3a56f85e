import { link, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { payloadFolder } from '../records/sqlite/places.js';
import { unlessMissing } from '../store/disk-errors.js';
import { removeAll } from './copy-files.js';
import { makeOwnFolder } from './own-folders.js';

/** Runs end, and their payloads with them, in a moment. */
const everyMs = 5;

/**
 * Keeps payload files from vanishing while a copy of the records is made: a run that is open in the copy may have ended
 * since then. Each file gets a second name in a folder beside, as soon as it is seen. What the copy needs was whole when
 * the copy began, so a file that is still being written is held as well.
 */
export class HeldPayloads {
  readonly folder: string;
  readonly #from: string;
  readonly #known = new Set<string>();
  #watching: Promise<void> | null = null;
  #stopped = false;

  private constructor(from: string, folder: string) {
    this.#from = from;
    this.folder = folder;
  }

  static async in(dataFolder: string): Promise<HeldPayloads> {
    return new HeldPayloads(join(dataFolder, payloadFolder), await makeOwnFolder(dataFolder));
  }

  /** Holds all there are now, then goes on with those that come, until the work is done. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#holdNew();
    this.#stopped = false;
    this.#watching = this.#watch();
    try {
      return await work();
    } finally {
      this.#stopped = true;
      await this.#watching;
    }
  }

  async release(): Promise<void> {
    await removeAll(this.folder);
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await sleep(everyMs);
      await this.#holdNew();
    }
  }

  async #holdNew(): Promise<void> {
    const there = await unlessMissing(readdir(this.#from), []);
    for (const name of there) {
      if (this.#known.has(name)) continue;
      this.#known.add(name);
      // Gone again, or no file system for second names: then it is copied from where it lies, if it still does.
      await link(join(this.#from, name), join(this.folder, name)).catch(() => {});
    }
  }
}
