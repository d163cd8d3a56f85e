import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { pino } from 'pino';
import { openQueue } from '../../src/queue/open-queue.js';
import { skipWithout } from '../servers/find-binary.js';
import { startRedis } from '../servers/redis.js';
import { testQueue } from './queue-suite.js';

const skip = skipWithout('redis-server');
const redis = skip ? null : await startRedis();
after(() => redis?.stop());

testQueue({
  name: 'BullMQ queue',
  skip,
  open: () => openQueue({ redisUrl: redis!.url, installationId: randomUUID(), leaseMs: 15_000, log: pino({ level: 'silent' }) }),
});
