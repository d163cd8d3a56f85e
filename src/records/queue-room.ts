import type { Line, NewQueuedRun } from '../contract/records.js';

export interface QueuedCounts {
  lane: number;
  function: number;
  all: number;
}

interface Room {
  cap: number;
  left: number;
  until: number;
}

/** Of what is free below a cap, one server takes so much on trust: so many servers together stay below it. */
const share = 1 / 20;
const trustMs = 1000;
const scopesKnown = 10_000;

/**
 * bounded: how many more runs may be queued below their caps without asking the counts for each. Far from a cap they are asked
 * once a second; near it, there is nothing left to take on trust and they are asked every time.
 */
export class QueueRoom {
  readonly #rooms = new Map<string, Room>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Takes a place in all scopes that have a cap; false when the counts have to be asked. */
  take(line: Line, caps: NewQueuedRun['caps']): boolean {
    const rooms: Room[] = [];
    for (const [scope, cap] of scopesOf(line, caps)) {
      const room = this.#rooms.get(scope);
      if (room === undefined || room.cap !== cap || room.left < 1 || room.until < this.now()) return false;
      rooms.push(room);
    }
    for (const room of rooms) room.left -= 1;
    return true;
  }

  /** What the counts said. */
  learn(line: Line, caps: NewQueuedRun['caps'], queued: QueuedCounts): void {
    if (this.#rooms.size > scopesKnown) this.#rooms.clear();
    const counts = [queued.lane, queued.function, queued.all];
    const until = this.now() + trustMs;
    for (const [scope, cap, index] of scopesOf(line, caps)) {
      this.#rooms.set(scope, { cap, left: Math.floor((cap - counts[index]!) * share), until });
    }
  }
}

function scopesOf(line: Line, caps: NewQueuedRun['caps']): [scope: string, cap: number, index: number][] {
  const scopes: [string, number, number][] = [];
  if (caps.lane !== null) scopes.push([`${line.function}/${line.lane}`, caps.lane, 0]);
  if (caps.function !== null) scopes.push([line.function, caps.function, 1]);
  if (caps.all !== null) scopes.push(['', caps.all, 2]);
  return scopes;
}
