import type { Bus } from '../contract/bus.js';
import type { RunEvent } from '../contract/records.js';
import { type FeedMessage, runTopic } from './record-events.js';

/** Up to where a follower has heard a run. */
export type Place = { attempt: number; seq: number };

/** The live events of one run since the subscription, up to a size; beyond it they are dropped and must be re-read. */
export class RunFeed {
  #events: RunEvent[] = [];
  #bytes = 0;
  #place: Place | null = null;
  #mustReread = false;
  #wake: (() => void) | null = null;
  readonly #stop: (() => void)[];

  constructor(
    bus: Bus,
    readonly runId: string,
    private readonly settings: { maxBytes: number; onClose: () => void },
  ) {
    this.#stop = [
      bus.subscribe(
        runTopic(runId),
        (message) => this.#hear(JSON.parse(message) as FeedMessage, message.length),
        // What was published before other servers' messages arrive is in the records.
        () => this.reread(),
      ),
      bus.onReconnect(() => this.reread()),
    ];
  }

  /** The records are read from now on: all that was told until now is in them. */
  startReading(): void {
    this.#mustReread = false;
  }

  /** Events that follow `place` without a gap; returns when the records must be read again. */
  async *live(signal: AbortSignal, place: Place | null): AsyncGenerator<RunEvent, void, void> {
    this.#place = place;
    while (!signal.aborted) {
      const events = this.#take();
      for (const event of events) {
        if (this.#place !== null && !isAfter(event, this.#place)) continue;
        if (!follows(event, this.#place)) return;
        this.#place = event;
        yield event;
      }
      if (this.#mustReread) return;
      if (this.#events.length === 0) await this.#sleep();
    }
  }

  wake(): void {
    this.#wake?.();
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.settings.onClose();
  }

  /** What is here may not be all: the records are to be read again. */
  reread(): void {
    this.#mustReread = true;
    this.wake();
  }

  /** Whether its follower waits for a sign of life. */
  get isQuiet(): boolean {
    return this.#wake !== null;
  }

  /** Whether the run has said something that its quiet follower has not heard. */
  isBehind(lastEvent: Place | null): boolean {
    return lastEvent !== null && (this.#place === null || isAfter(lastEvent, this.#place));
  }

  #hear(message: FeedMessage, bytes: number): void {
    if ('state' in message) return this.reread();
    if (this.#mustReread) return;
    this.#bytes += bytes;
    if (this.#bytes > this.settings.maxBytes) {
      // bounded: a follower that is this far behind goes back to the records.
      this.#events = [];
      this.#bytes = 0;
      return this.reread();
    }
    this.#events.push(...message.events);
    this.wake();
  }

  #take(): RunEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}

function isAfter(event: Place, place: Place): boolean {
  return event.attempt > place.attempt || (event.attempt === place.attempt && event.seq > place.seq);
}

function follows(event: Place, place: Place | null): boolean {
  if (place === null) return event.seq === 1;
  return event.attempt === place.attempt ? event.seq === place.seq + 1 : event.seq === 1;
}
