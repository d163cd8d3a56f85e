import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { RunEvent, RunEventRecords, RunRecord, RunRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { FindRuns } from './find-runs.js';
import { QuietFeeds } from './quiet-feeds.js';
import { type Place, RunFeed } from './run-feed.js';

/** What a follower gets: the run's events in order, then the run as it ended. */
export type Followed = { event: RunEvent } | { ended: RunRecord };
export type { Place };

const pageRows = 500;

export interface FollowRunLimits {
  maxFollowers: number;
  bufferBytes: number;
  /** How often the runs of followers that hear nothing are looked up. */
  lookEveryMs: number;
}

/** Follows runs on any server: the records first, then the feed, and the records again on a gap or when it falls behind. */
export class FollowRun {
  #open = 0;
  /** Open feeds by run, for ends that concern this server alone. */
  readonly #feeds = new Map<string, Set<RunFeed>>();
  readonly #quiet: QuietFeeds;

  constructor(
    private readonly parts: { runs: Pick<RunRecords, 'howFar'>; events: RunEventRecords; find: FindRuns; bus: Bus; log: Logger },
    private readonly limits: FollowRunLimits,
  ) {
    this.#quiet = new QuietFeeds({ ...parts, feeds: this.#feeds }, limits.lookEveryMs);
  }

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
        if (this.#feeds.size === 0) this.#quiet.stop();
      },
    });
    this.#feeds.set(runId, feeds.add(feed));
    this.#quiet.watch();
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
        feed.startReading();
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
