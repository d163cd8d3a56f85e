import type { Logger } from 'pino';
import type { RunRecords } from '../contract/records.js';
import type { RunFeed } from './run-feed.js';

export interface QuietFeedsParts {
  runs: Pick<RunRecords, 'howFar'>;
  feeds: { values(): Iterable<Iterable<RunFeed>> };
  log: Logger;
}

/**
 * The bus delivers at most once, and a server may be killed after it wrote an end and before it told of it: now and then all
 * runs whose followers hear nothing are looked up together, and a follower that missed something reads the records again.
 */
export class QuietFeeds {
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;

  constructor(
    private readonly parts: QuietFeedsParts,
    private readonly everyMs: number,
  ) {}

  /** There is somebody to look after. */
  watch(): void {
    if (this.#timer !== null || this.#isLooking) return;
    this.#timer = setTimeout(() => void this.#look(), this.everyMs).unref();
  }

  /** There is nobody any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    this.#timer = null;
    this.#isLooking = true;
    const quiet = this.#quietByRun();
    try {
      await this.#lookAt(quiet);
    } catch (error) {
      this.parts.log.warn({ err: error, runs: quiet.size }, 'the runs of quiet followers can not be looked at now');
    }
    this.#isLooking = false;
    if (!isEmpty(this.parts.feeds.values())) this.watch();
  }

  async #lookAt(quiet: Map<string, RunFeed[]>): Promise<void> {
    const standings = new Map((await this.parts.runs.howFar([...quiet.keys()])).map((standing) => [standing.id, standing]));
    for (const [runId, feeds] of quiet) {
      const standing = standings.get(runId);
      for (const feed of feeds) {
        // One that is not there was forgotten, or is a sync run that this server alone knows of yet: the follower's read tells.
        if (standing === undefined || standing.ended || feed.isBehind(standing.lastEvent)) feed.reread();
      }
    }
  }

  #quietByRun(): Map<string, RunFeed[]> {
    const quiet = new Map<string, RunFeed[]>();
    for (const feeds of this.parts.feeds.values()) {
      for (const feed of feeds) {
        if (!feed.isQuiet) continue;
        const others = quiet.get(feed.runId);
        if (others === undefined) quiet.set(feed.runId, [feed]);
        else others.push(feed);
      }
    }
    return quiet;
  }
}

function isEmpty(items: Iterable<unknown>): boolean {
  for (const _ of items) return false;
  return true;
}
