import { messageOf } from '../errors.js';
import type { FunctionStore } from '../contract/store.js';
import { syncLane, type SyncParts } from './sync-lane.js';

export interface LaneWatchParts extends SyncParts {
  store: SyncParts['store'] & Pick<FunctionStore, 'onLaneChange'>;
  /** Schedules were changed. */
  onChange: () => void;
}

type LaneName = { function: string; lane: string };
const againMs = 2000;

/** Keeps the schedules of lanes right: all of them once at the start, then each that changes, one at a time. */
export class LaneWatch {
  readonly #parts: LaneWatchParts;
  readonly #waiting = new Map<string, LaneName>();
  readonly #stop: () => void;
  #isStartRead = false;
  #working: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: LaneWatchParts) {
    this.#parts = parts;
    this.#stop = parts.store.onLaneChange((name) => this.check(name));
    this.#work();
  }

  /** Has the schedules of a lane made right, soon. */
  check(name: LaneName): void {
    this.#note(name);
    this.#work();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#working;
  }

  #work(): void {
    if (this.#closed || this.#working !== null || this.#retry !== null) return;
    this.#working = this.#syncWaiting().finally(() => {
      this.#working = null;
      if (this.#waiting.size > 0) this.#work();
    });
  }

  async #syncWaiting(): Promise<void> {
    try {
      // A lane with no schedule in the records and none in its manifests has nothing to be made right.
      if (!this.#isStartRead) for (const name of await this.#parts.schedules.lanesWithManifestSchedules()) this.#note(name);
      this.#isStartRead = true;
      for (const [key, name] of this.#waiting) {
        if (this.#closed) return;
        // Taken out first: a change while it is made right brings it in again.
        this.#waiting.delete(key);
        await this.#sync(name);
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, `schedules of manifests will be looked at again: ${messageOf(error)}`);
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.#work();
      }, againMs).unref();
    }
  }

  async #sync(name: LaneName): Promise<void> {
    try {
      if (await syncLane(name.function, name.lane, this.#parts)) this.#parts.onChange();
    } catch (error) {
      this.#note(name);
      throw error;
    }
  }

  #note(name: LaneName): void {
    this.#waiting.set(`${name.function}/${name.lane}`, { function: name.function, lane: name.lane });
  }
}
