import { Queue as Jobs, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Announcement, Queue } from '../contract/queue.js';
import { LanewayError, messageOf } from '../errors.js';
import { connectRedis, isReady } from '../redis/connection.js';
import { announcementId } from './announcement-id.js';
import { toJobPriority } from './job-priority.js';
import { JobWorker } from './job-worker.js';
import { removeOrphans } from './remove-orphans.js';

const perCommand = 1000;

export interface BullmqQueueSettings {
  url: string;
  installationId: string;
  /** For how long a job stays with a server that no longer says it is at work. */
  lockMs: number;
  log: Logger;
}

/**
 * The queue of several servers: BullMQ jobs named `<runId>.<fence>`, with no data but whose they are, tried once and gone when done.
 * Who handles what is decided by the records' claim, so BullMQ's own handling of stalled jobs is off.
 */
export class BullmqQueue implements Queue {
  readonly #connection: Redis;
  readonly #jobs: Jobs;
  #worker: JobWorker | null = null;
  #cleaning: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly settings: BullmqQueueSettings) {
    const { url, installationId, log } = settings;
    this.#connection = connectRedis(url, { name: 'queue', manner: 'fail-fast', log });
    this.#jobs = new Jobs('runs', {
      connection: this.#connection,
      prefix: `laneway:${installationId}`,
      // Its version question, cut off by an outage at the wrong moment, would leave the object useless for ever.
      skipVersionCheck: true,
      streams: { events: { maxLen: 0 } },
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    });
    this.#jobs.on('error', (error) => log.debug({ err: error }, 'queue'));
  }

  /** Resolves when the first try to reach Redis came to its end; the connection goes on trying by itself. */
  async whenTried(): Promise<void> {
    const connection = this.#connection;
    if (isReady(connection)) return;
    await new Promise<void>((resolve) => connection.once('ready', resolve).once('close', resolve));
  }

  async announce(announcements: readonly Announcement[]): Promise<void> {
    for (const part of inParts(announcements)) {
      await this.#ask(() => this.#jobs.addBulk(part.map(toJob)));
    }
  }

  start(concurrency: number, handle: (announcement: Announcement) => Promise<void>): void {
    if (this.#worker !== null || this.#closed) throw new Error('the queue was started before');
    if (concurrency === 0) return;
    this.#worker = new JobWorker({ ...this.settings, jobs: this.#jobs, concurrency, handle });
    this.#cleaning = setInterval(() => void this.#clean(), this.settings.lockMs).unref();
  }

  async stop(): Promise<void> {
    await this.#worker?.stop();
  }

  async check(): Promise<void> {
    await this.#ask(() => this.#connection.ping());
  }

  async depth(): Promise<number> {
    return this.#ask(() => this.#connection.zcard(this.#jobs.keys.prioritized!));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#cleaning);
    await this.stop();
    await this.#jobs.close();
    this.#connection.disconnect();
  }

  async #clean(): Promise<void> {
    const { log } = this.settings;
    try {
      const removed = await this.#ask(() => removeOrphans(this.#jobs, this.#connection));
      if (removed > 0) log.info({ removed }, 'removed announcements that a lost server had taken');
    } catch (error) {
      log.debug({ problem: messageOf(error) }, 'lost announcements were not looked for');
    }
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (!isReady(this.#connection)) throw new LanewayError('queue_unavailable', { problem: 'there is no connection to Redis' });
    try {
      return await question();
    } catch (error) {
      throw new LanewayError('queue_unavailable', { problem: messageOf(error) }, { cause: error });
    }
  }
}

function toJob(announcement: Announcement): { name: string; data: object; opts: JobsOptions } {
  const { priority, function: name, lane } = announcement;
  return {
    name: 'run',
    data: { function: name, lane },
    opts: { jobId: announcementId(announcement), priority: toJobPriority(priority) },
  };
}

function* inParts<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let start = 0; start < items.length; start += perCommand) yield items.slice(start, start + perCommand);
}
