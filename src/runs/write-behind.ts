import type { Logger } from 'pino';
import type { EndedSyncRun, RunRecords } from '../contract/records.js';
import { LanewayError, messageOf } from '../errors.js';
import { areRecordsAway } from './records-away.js';

/** A record follows its answer by at most this long while the records answer. */
const maxDelayMs = 25;
const batchRows = 2000;
const retryMs = 500;

/** Writes the records of sync runs after their answers, many in one transaction; reads look here first. */
export class WriteBehind {
  #waiting = new Map<string, EndedSyncRun>();
  #writing = new Map<string, EndedSyncRun>();
  #timer: NodeJS.Timeout | null = null;
  #flush: Promise<void> | null = null;
  /** The records refused the last batch: the next try is the timer's, however many runs come meanwhile. */
  #isAway = false;

  constructor(
    private readonly parts: { runs: RunRecords; log: Logger; onWritten: (runId: string) => void },
    private readonly maxRows: number,
  ) {}

  /** bounded: throws `records_unavailable` when the records are too far behind for another sync run. */
  refuseWhenFull(): void {
    if (this.#waiting.size + this.#writing.size < this.maxRows) return;
    throw new LanewayError('records_unavailable', { problem: `${this.maxRows} runs wait to be recorded` });
  }

  add(run: EndedSyncRun): void {
    this.#waiting.set(run.id, run);
    if (this.#waiting.size >= batchRows && this.#flush === null && !this.#isAway) void this.#start();
    else this.#startIn(maxDelayMs);
  }

  /** A run that is not in the records yet. */
  get(id: string): EndedSyncRun | undefined {
    return this.#waiting.get(id) ?? this.#writing.get(id);
  }

  values(): EndedSyncRun[] {
    return [...this.#writing.values(), ...this.#waiting.values()];
  }

  /** Resolves when all that was added before is written; rejects when the records do not take it. */
  async flush(): Promise<void> {
    // The batch under way, and then the one that takes what came since it began; never those of calls to come.
    if (this.#flush !== null) await this.#flush;
    if (this.#flush !== null || this.#waiting.size > 0) await this.#writeOnce();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#stopTimer();
    }
  }

  async #start(): Promise<void> {
    this.#stopTimer();
    try {
      await this.#writeOnce();
    } catch {
      return;
    }
    // What came while that batch was written may have had its timer meanwhile.
    if (this.#waiting.size >= batchRows) void this.#start();
    else if (this.#waiting.size > 0) this.#startIn(maxDelayMs);
  }

  #startIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.#start(), ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #writeOnce(): Promise<void> {
    this.#flush ??= this.#write().finally(() => {
      this.#flush = null;
    });
    return this.#flush;
  }

  async #write(): Promise<void> {
    this.#stopTimer();
    this.#writing = this.#waiting;
    this.#waiting = new Map();
    try {
      const taken = await this.#record([...this.#writing.values()]);
      for (const id of taken)
        this.parts.log.error({ runId: id }, 'the id of a sync run was taken in the records; its own record is lost');
      for (const id of this.#writing.keys()) this.parts.onWritten(id);
      this.#writing = new Map();
      if (this.#isAway) this.parts.log.info('sync runs are recorded again');
      this.#isAway = false;
    } catch (error) {
      this.#waiting = new Map([...this.#writing, ...this.#waiting]);
      this.#writing = new Map();
      if (!this.#isAway)
        this.parts.log.error({ err: error, runs: this.#waiting.size }, `sync runs wait to be recorded: ${messageOf(error)}`);
      this.#isAway = true;
      this.#stopTimer();
      this.#startIn(retryMs);
      throw error;
    }
  }

  /** A run that the records do not take must not keep the others out: it is looked for by halves and given up. */
  async #record(runs: readonly EndedSyncRun[]): Promise<string[]> {
    try {
      return await this.parts.runs.writeSync(runs);
    } catch (error) {
      if (areRecordsAway(error)) throw error;
      if (runs.length > 1) {
        const half = runs.length >> 1;
        return [...(await this.#record(runs.slice(0, half))), ...(await this.#record(runs.slice(half)))];
      }
      this.parts.log.error({ err: error, runId: runs[0]?.id }, `a sync run can not be recorded: ${messageOf(error)}`);
      return [];
    }
  }
}
