import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { AttemptSink, LogStream } from '../contract/executor.js';
import type { RunEvent, RunEventRecords } from '../contract/records.js';
import type { FailureReason } from '../contract/words.js';
import { messageOf } from '../errors.js';
import { areRecordsAway } from './records-away.js';

/** Events that could not be written yet are kept up to this size; a log is worth less than the server's life. */
const maxPendingBytes = 64 * 2 ** 20;
const retryMs = 500;
/** Of one event, in characters. */
const longestLogText = 64 * 1024;

/** The topic that carries a run's events to its followers, on every server. */
export function runTopic(runId: string): string {
  return `run:${runId}`;
}

/** Where an attempt of a recorded run says what it has to say. */
export interface RecordedSink extends AttemptSink {
  /** It failed and will be repeated. */
  putOff(failed: { reason: FailureReason; message: string; retryInMs: number }): void;
}

/** What goes over a run's topic. `ended` comes after the end is in the records. */
export type FeedMessage = { events: RunEvent[] } | { state: 'running' | 'ended' };

/** Tells whoever follows a run that it has begun or ended; where to look is in the records. */
export function tellState(bus: Bus, runId: string, state: 'running' | 'ended'): void {
  bus.publish(runTopic(runId), JSON.stringify({ state } satisfies FeedMessage));
}

/**
 * Writes logs, chunks and progress in batches and publishes each batch after it is written, so that a follower
 * who reads the records first and the feed then misses nothing. A batch is whatever came in while the last one was written.
 */
export class EventRecorder {
  #pending: RunEvent[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | null = null;
  #dropped = 0;
  /** The records refused the last batch: told once, not at every try. */
  #isAway = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(private readonly parts: { events: RunEventRecords; bus: Bus; log: Logger }) {}

  /** Where an attempt says what it has to say; the events get the attempt's number and a sequence of their own. */
  sinkFor(runId: string, attempt: number): RecordedSink {
    return new Sink(runId, attempt, this);
  }

  /** Resolves with true when everything said before this call is written (or was dropped); false: the records are away. */
  async flush(): Promise<boolean> {
    // The batch under way, and then the one that takes what was said since it began; never what others go on saying.
    for (let batches = 0; batches < 2; batches += 1) {
      if (this.#writing !== null || (this.#pending.length > 0 && this.#retry === null)) await this.#write();
    }
    return this.#retry === null;
  }

  /** Events that were given up because the records did not take them. */
  get dropped(): number {
    return this.#dropped;
  }

  async close(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    await this.flush();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  /** Returns the batch that the event waits in; null when it was dropped. */
  add(event: RunEvent): RunEvent[] | null {
    if (this.#pendingBytes > maxPendingBytes) {
      this.#dropped += 1;
      return null;
    }
    this.#pending.push(event);
    this.#pendingBytes += event.data.length + 100;
    if (this.#writing === null && this.#retry === null) void this.#write();
    return this.#pending;
  }

  /**
   * Lines that wait to be written together become one event: a function that logs much must not cost a row a line. False when
   * the event is no longer to be changed.
   */
  lengthen(event: RunEvent, batch: RunEvent[] | null, text: string): boolean {
    if (batch !== this.#pending) return false;
    if (event.data.length + text.length > longestLogText || this.#pendingBytes > maxPendingBytes) return false;
    event.data += text;
    this.#pendingBytes += text.length;
    return true;
  }

  #write(): Promise<void> {
    // The turn of the loop that brings one line usually brings more.
    this.#writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#writeBatch());
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      await this.#append(batch);
      if (this.#isAway) this.parts.log.info('run events are written again');
      this.#isAway = false;
    } catch (error) {
      this.#keepForLater(batch, error);
    } finally {
      this.#writing = null;
    }
    if (this.#pending.length > 0 && this.#retry === null) void this.#write();
  }

  /** An event that the records do not take must not keep the others out: it is looked for by halves and given up. */
  async #append(batch: readonly RunEvent[]): Promise<void> {
    try {
      await this.parts.events.append(batch);
      this.#publish(batch);
    } catch (error) {
      if (areRecordsAway(error)) throw error;
      if (batch.length > 1) {
        const half = batch.length >> 1;
        await this.#append(batch.slice(0, half));
        await this.#append(batch.slice(half));
        return;
      }
      this.#dropped += batch.length;
      this.parts.log.error({ err: error, runId: batch[0]?.runId }, `a run event can not be written: ${messageOf(error)}`);
    }
  }

  #publish(batch: readonly RunEvent[]): void {
    const byRun = new Map<string, RunEvent[]>();
    for (const event of batch) {
      const events = byRun.get(event.runId);
      if (events === undefined) byRun.set(event.runId, [event]);
      else events.push(event);
    }
    for (const [runId, events] of byRun) {
      this.parts.bus.publish(runTopic(runId), JSON.stringify({ events } satisfies FeedMessage));
    }
  }

  #keepForLater(batch: RunEvent[], error: unknown): void {
    if (!this.#isAway)
      this.parts.log.warn({ err: error, events: batch.length }, `run events wait to be written: ${messageOf(error)}`);
    this.#isAway = true;
    this.#pending = batch.concat(this.#pending);
    this.#pendingBytes += batch.reduce((bytes, event) => bytes + event.data.length + 100, 0);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.#write();
    }, retryMs);
    this.#retry.unref();
  }
}

/** Of one attempt. Made for every run, and most say nothing. */
class Sink implements RecordedSink {
  #seq = 0;
  #last: { event: RunEvent; batch: RunEvent[] | null } | null = null;

  constructor(
    private readonly runId: string,
    private readonly attempt: number,
    private readonly recorder: EventRecorder,
  ) {}

  log(stream: LogStream, text: string): void {
    const last = this.#last;
    const goesOn = last !== null && last.event.kind === 'log' && last.event.stream === stream;
    if (!goesOn || !this.recorder.lengthen(last.event, last.batch, text)) this.#add('log', stream, text);
  }

  chunk(data: string): void {
    this.#add('chunk', null, data);
  }

  progress(fraction: number, message: string): void {
    this.#add('progress', null, JSON.stringify({ fraction, message }));
  }

  putOff({ reason, message, retryInMs }: { reason: FailureReason; message: string; retryInMs: number }): void {
    this.#add('state', null, JSON.stringify({ state: 'queued', reason, message, retry_in_ms: retryInMs }));
  }

  #add(kind: RunEvent['kind'], stream: LogStream | null, data: string): void {
    const { runId, attempt } = this;
    const event = { runId, attempt, seq: ++this.#seq, at: Date.now(), kind, stream, data };
    this.#last = { event, batch: this.recorder.add(event) };
  }
}
