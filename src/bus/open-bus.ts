import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import { LocalBus } from './local-bus.js';
import { RedisBus } from './redis-bus.js';

/** Messages by Redis when there is one, else inside the process. */
export function openBus(settings: { redisUrl: string | null; installationId: string; log: Logger }): Bus {
  const { redisUrl, installationId, log } = settings;
  return redisUrl === null ? new LocalBus(log) : new RedisBus({ url: redisUrl, installationId, log });
}
