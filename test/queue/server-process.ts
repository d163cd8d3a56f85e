// A server of its own process, for tests that kill it: says which announcements it took and never finishes one.
import { pino } from 'pino';
import { openQueue } from '../../src/queue/open-queue.js';

const [redisUrl, installationId, leaseMs] = process.argv.slice(2) as [string, string, string];
const queue = await openQueue({ redisUrl, installationId, leaseMs: Number(leaseMs), log: pino({ level: 'silent' }) });
queue.start(2, ({ runId, fence }) => {
  process.send!(`${runId}.${fence}`);
  return new Promise(() => {});
});
process.send!('started');
