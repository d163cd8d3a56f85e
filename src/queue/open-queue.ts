import type { Logger } from 'pino';
import type { Queue } from '../contract/queue.js';
import { EmbeddedQueue } from './embedded-queue.js';

export interface QueueSettings {
  redisUrl: string | null;
  installationId: string;
  /** A job's lock lasts as long as a run's lease. */
  leaseMs: number;
  log: Logger;
}

/** BullMQ when there is a Redis, else a line in memory. */
export async function openQueue({ redisUrl, installationId, leaseMs, log }: QueueSettings): Promise<Queue> {
  if (redisUrl === null) return new EmbeddedQueue();
  // Loaded only here: a server that is alone should not pay for it.
  const { BullmqQueue } = await import('./bullmq-queue.js');
  const queue = new BullmqQueue({ url: redisUrl, installationId, lockMs: leaseMs, log });
  await queue.whenTried();
  return queue;
}
