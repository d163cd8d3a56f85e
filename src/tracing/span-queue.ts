import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';

export interface SpanQueueOptions {
  exporter: Pick<SpanExporter, 'export'>;
  maxWaiting: number;
  size: number;
  delayMs: number;
  log: Logger;
}

/**
 * Spans on their way to the collector: a batch at a time, one after the other. Nobody waits for it; what does not fit, and
 * what the collector does not take, is dropped and counted.
 */
export class SpanQueue {
  #waiting: ReadableSpan[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #closed = false;
  /** The collector refused the last batch: told once, not at every batch. */
  #isAway = false;
  exported = 0;
  dropped = 0;

  constructor(private readonly options: SpanQueueOptions) {}

  /** bounded: all or none of them. */
  add(spans: readonly ReadableSpan[]): void {
    if (this.#closed || this.#waiting.length + spans.length > this.options.maxWaiting) {
      this.dropped += spans.length;
      return;
    }
    for (const span of spans) this.#waiting.push(span);
    if (this.#sending === null) this.#sendInTime();
  }

  /** Sends what waits, as far as it gets within the time; the rest is dropped. */
  async close(withinMs: number): Promise<void> {
    this.#closed = true;
    const until = performance.now() + withinMs;
    while (performance.now() < until && (this.#sending !== null || this.#waiting.length > 0)) {
      this.#send();
      await settledWithin(this.#sending, until - performance.now());
    }
    this.#stopTimer();
    this.dropped += this.#waiting.length;
    this.#waiting = [];
  }

  /** A whole batch at once, fewer after a while. */
  #sendInTime(): void {
    if (this.#waiting.length >= this.options.size) this.#send();
    else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.options.delayMs).unref();
  }

  #send(): void {
    this.#stopTimer();
    if (this.#sending !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.options.size);
    this.#sending = this.#sendBatch(batch);
  }

  async #sendBatch(batch: ReadableSpan[]): Promise<void> {
    await this.#export(batch);
    this.#sending = null;
    this.#sendInTime();
  }

  async #export(batch: ReadableSpan[]): Promise<void> {
    const problem = await exportBatch(this.options.exporter, batch);
    const { log } = this.options;
    if (problem === null) {
      this.exported += batch.length;
      if (this.#isAway) log.info('traces are exported again');
    } else {
      this.dropped += batch.length;
      if (!this.#isAway) log.warn({ err: problem, spans: batch.length }, `traces can not be exported: ${messageOf(problem)}`);
    }
    this.#isAway = problem !== null;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Null when the collector took it. */
function exportBatch(exporter: SpanQueueOptions['exporter'], batch: ReadableSpan[]): Promise<unknown> {
  return new Promise((resolve) => {
    try {
      // ExportResultCode.SUCCESS is 0.
      exporter.export(batch, ({ code, error }) =>
        resolve((code as number) === 0 ? null : (error ?? new Error('the batch was refused'))),
      );
    } catch (error) {
      resolve(error);
    }
  });
}

async function settledWithin(work: Promise<void> | null, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}
