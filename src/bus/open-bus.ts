import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import { LocalBus } from './local-bus.js';

/** Messages by Redis when there is one, else inside the process. */
export async function openBus(settings: { redisUrl: string | null; installationId: string; log: Logger }): Promise<Bus> {
  const { redisUrl, installationId, log } = settings;
  if (redisUrl === null) return new LocalBus(log);
  const { RedisBus } = await import('./redis-bus.js');
  return new RedisBus({ url: redisUrl, installationId, log });
}
