import { WaitingError, Worker, type Job, type Queue as Jobs } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Announcement } from '../contract/queue.js';
import type { Line } from '../contract/records.js';
import { connectRedis, endConnection, isReady } from '../redis/connection.js';
import { readAnnouncementId } from './announcement-id.js';
import { fromJobPriority } from './job-priority.js';

/** How long an idle worker waits for a wake-up at once: also the longest that a lost wake-up costs. */
const idleSeconds = 2;
const retryMs = 500;
/** Telling Redis good-bye may not hold up a shutdown. */
const closeMs = 2000;

export interface JobWorkerSettings {
  url: string;
  installationId: string;
  lockMs: number;
  log: Logger;
  jobs: Jobs;
  concurrency: number;
  handle: (announcement: Announcement) => Promise<void>;
}

/** Takes jobs from BullMQ and hands them to the handler, through any outage of Redis, until it is stopped. */
export class JobWorker {
  readonly #connection: Redis;
  /** BullMQ's second connection, on which it waits for jobs. */
  readonly #blocking: Redis[] = [];
  readonly #worker: Worker;
  readonly #underWay = new Set<Promise<void>>();
  #stopping: Promise<void> | null = null;

  constructor(private readonly settings: JobWorkerSettings) {
    const { url, installationId, lockMs, log, concurrency } = settings;
    // Patient: the word that a job is done must reach Redis whenever it is back, or the job's place stays taken.
    this.#connection = connectRedis(url, { name: 'queue-worker', manner: 'patient', log });
    this.#connection.duplicate = (override) => {
      const copy = Redis.prototype.duplicate.call(this.#connection, override);
      this.#blocking.push(copy);
      return copy;
    };
    this.#worker = new Worker('runs', (job, token) => this.#handle(job, token!), {
      connection: this.#connection,
      prefix: `laneway:${installationId}`,
      concurrency,
      autorun: false,
      lockDuration: lockMs,
      skipStalledCheck: true,
      skipVersionCheck: true,
      drainDelay: idleSeconds,
      runRetryDelay: retryMs,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#worker.on('error', (error) => log.debug({ err: error }, 'queue worker'));
    void this.#keepRunning();
  }

  /** No further deliveries from now on; resolves when the handlers under way have returned. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #handle(job: Job, token: string): Promise<void> {
    if (this.#stopping !== null) return this.#giveBack(job, token);
    const work = this.settings.handle({
      ...(job.data as Line),
      ...readAnnouncementId(job.id!),
      priority: fromJobPriority(job.priority),
    });
    this.#underWay.add(work);
    try {
      await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** A job that was on its way here as the worker stopped; BullMQ wakes nobody for it, so we do. */
  async #giveBack(job: Job, token: string): Promise<never> {
    await job.moveToWait(token);
    await this.#connection.zadd(this.settings.jobs.keys.marker!, 0, '0');
    throw new WaitingError();
  }

  /** BullMQ's loop ends when something it did not expect is thrown: then it is started again. */
  async #keepRunning(): Promise<void> {
    while (this.#stopping === null) {
      await this.#worker.run().catch((error) => this.settings.log.warn({ err: error }, 'the queue worker ended'));
      if (this.#stopping === null) await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
    }
  }

  async #stop(): Promise<void> {
    await this.#worker.pause(true);
    await Promise.allSettled(this.#underWay);
    await this.#close();
  }

  /** A friendly close waits for Redis without end when it is away: then, or when it takes too long, the connections are cut. */
  async #close(): Promise<void> {
    const friendly = isReady(this.#connection);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeMs)));
    await Promise.race([this.#worker.close(!friendly), tooLong]);
    clearTimeout(timer);
    // Its loop may be busy reconnecting as it is closed, and would keep that connection for ever.
    for (const connection of [this.#connection, ...this.#blocking]) endConnection(connection);
  }
}
