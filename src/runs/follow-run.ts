import type { Bus } from '../contract/bus.js';
import type { RunEvent, RunEventRecords, RunRecord } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { FindRuns } from './find-runs.js';
import { type FeedMessage, runTopic } from './record-events.js';

/** What a follower gets: the run's events in order, then the run as it ended. */
export type Followed = { event: RunEvent } | { ended: RunRecord };
export type Place = { attempt: number; seq: number };

const pageRows = 500;
/** The bus delivers at most once: without a sign of life the records are read again after this time. */
const rereadMs = 5000;

/** Follows runs on any server: the records first, then the feed, and the records again on a gap or when it falls behind. */
export class FollowRun {
  #open = 0;
  /** Open feeds by run, for ends that concern this server alone. */
  readonly #feeds = new Map<string, Set<RunFeed>>();

  constructor(
    private readonly parts: { events: RunEventRecords; find: FindRuns; bus: Bus },
    private readonly limits: { maxFollowers: number; bufferBytes: number },
  ) {}

  get open(): number {
    return this.#open;
  }

  /**
   * Everything after `place`, live until the run has ended or the signal fires.
   * Rejects at once with `run_not_found`, and with `too_many_followers` (bounded).
   */
  async follow(runId: string, place: Place | null, signal: AbortSignal): Promise<AsyncGenerator<Followed, void, void>> {
    if (this.#open >= this.limits.maxFollowers) {
      throw new LanewayError('too_many_followers', { limit: this.limits.maxFollowers });
    }
    const feed = this.#openFeed(runId);
    try {
      await this.parts.find.get(runId);
    } catch (error) {
      feed.close();
      throw error;
    }
    this.#open += 1;
    return this.#read({ runId, place, feed, signal });
  }

  /** The end of a sync run is recorded: nobody but this server knew of the run until then, so no message goes out. */
  tellEnded(runId: string): void {
    for (const feed of this.#feeds.get(runId) ?? []) feed.reread();
  }

  #openFeed(runId: string): RunFeed {
    const feeds = this.#feeds.get(runId) ?? new Set<RunFeed>();
    const feed = new RunFeed(this.parts.bus, runId, {
      maxBytes: this.limits.bufferBytes,
      onClose: () => {
        feeds.delete(feed);
        if (feeds.size === 0) this.#feeds.delete(runId);
      },
    });
    this.#feeds.set(runId, feeds.add(feed));
    return feed;
  }

  async *#read(reader: {
    runId: string;
    place: Place | null;
    feed: RunFeed;
    signal: AbortSignal;
  }): AsyncGenerator<Followed, void, void> {
    const { runId, feed, signal } = reader;
    const wake = () => feed.wake();
    signal.addEventListener('abort', wake);
    let place = reader.place;
    try {
      while (!signal.aborted) {
        // The run is read before its events: an end that is seen here has all its events in the records.
        const run = await this.parts.find.get(runId);
        for (;;) {
          const page = await this.parts.events.read(runId, place, pageRows);
          for (const event of page) yield { event };
          place = page.at(-1) ?? place;
          if (page.length < pageRows || signal.aborted) break;
        }
        if (run.endedAt !== null) {
          yield { ended: run };
          return;
        }
        for await (const event of feed.live(signal, place)) {
          place = event;
          yield { event };
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
      feed.close();
      this.#open -= 1;
    }
  }
}

/** The live events of one run since the subscription, up to a size; beyond it they are dropped and must be re-read. */
class RunFeed {
  #events: RunEvent[] = [];
  #bytes = 0;
  #mustReread = false;
  #wake: (() => void) | null = null;
  readonly #stop: (() => void)[];

  constructor(
    bus: Bus,
    runId: string,
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

  /** Events that follow `place` without a gap; returns when the records must be read again. */
  async *live(signal: AbortSignal, start: Place | null): AsyncGenerator<RunEvent, void, void> {
    let place = start;
    while (!signal.aborted) {
      const events = this.#take();
      for (const event of events) {
        if (place !== null && !isAfter(event, place)) continue;
        if (!follows(event, place)) return;
        place = event;
        yield event;
      }
      if (this.#mustReread) {
        this.#mustReread = false;
        return;
      }
      if (this.#events.length === 0 && !(await this.#sleep())) return;
    }
  }

  wake(): void {
    this.#wake?.();
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.settings.onClose();
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

  /** What is here may not be all: the records are to be read again. */
  reread(): void {
    this.#mustReread = true;
    this.wake();
  }

  #take(): RunEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }

  /** False when nothing came for so long that the records should be looked at. */
  #sleep(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), rereadMs);
      const done = (woken: boolean) => {
        clearTimeout(timer);
        this.#wake = null;
        resolve(woken);
      };
      this.#wake = () => done(true);
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
