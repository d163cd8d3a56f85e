import type { EventPattern, Subscription } from '../contract/events.js';

/** A lane that wants events: one version, or those of its split. */
export interface SubscribedLane {
  function: string;
  lane: string;
  isSplit: boolean;
  versions: readonly SubscribedVersion[];
}

export interface SubscribedVersion {
  version: string;
  /** Its share of the lane. */
  weight: number;
  patterns: readonly string[];
}

/** Who wants which events, in memory: finding an event's subscribers costs as many looks as its name has letters. */
export class SubscriptionIndex {
  readonly #lanes = new Map<string, SubscribedLane>();
  readonly #byPattern = new Map<string, Map<string, SubscribedLane>>();

  get(name: { function: string; lane: string }): SubscribedLane | undefined {
    return this.#lanes.get(keyOf(name));
  }

  /** Puts what a lane wants now in place of what it wanted before. */
  set(lane: SubscribedLane): void {
    const key = keyOf(lane);
    this.#remove(key);
    const patterns = new Set(lane.versions.flatMap((version) => version.patterns));
    if (patterns.size === 0) return;
    this.#lanes.set(key, lane);
    for (const pattern of patterns) {
      const lanes = this.#byPattern.get(pattern) ?? new Map<string, SubscribedLane>();
      this.#byPattern.set(pattern, lanes.set(key, lane));
    }
  }

  /** Each lane once, whose current version, or one of whose split, wants the event. */
  subscribersOf(event: string): SubscribedLane[] {
    const found = new Map<string, SubscribedLane>(this.#byPattern.get(event));
    for (let length = 0; length <= event.length; length += 1) {
      for (const [key, lane] of this.#byPattern.get(`${event.slice(0, length)}*`) ?? []) found.set(key, lane);
    }
    return [...found.values()];
  }

  /** Sorted by function, lane, version and pattern. */
  all(): Subscription[] {
    const found = [...this.#lanes.values()].flatMap(({ function: name, lane, versions }) =>
      versions.flatMap(({ version, patterns }) => patterns.map((pattern) => ({ pattern, function: name, lane, version }))),
    );
    const order = ({ function: name, lane, version, pattern }: Subscription) => `${name}/${lane}/${version}/${pattern}`;
    return found.sort((first, second) => (order(first) < order(second) ? -1 : 1));
  }

  #remove(key: string): void {
    for (const pattern of new Set(this.#lanes.get(key)?.versions.flatMap((version) => version.patterns))) {
      const lanes = this.#byPattern.get(pattern)!;
      lanes.delete(key);
      if (lanes.size === 0) this.#byPattern.delete(pattern);
    }
    this.#lanes.delete(key);
  }
}

/** Whether a version's patterns include an event. */
export function wants({ patterns }: SubscribedVersion, event: string): boolean {
  return patterns.some((pattern) => includesEvent(pattern, event));
}

/** Whether a pattern means an event. */
export function includesEvent(pattern: EventPattern, event: string): boolean {
  return pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event;
}

function keyOf({ function: name, lane }: { function: string; lane: string }): string {
  return `${name}/${lane}`;
}
