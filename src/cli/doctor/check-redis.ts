import { patienceMs, failed, ok, type Finding } from './finding.js';

/** Connects, asks for the version and for the one setting a queue can't do without. */
export async function checkRedis(url: string | null): Promise<Finding> {
  if (url === null) {
    return { part: 'redis', state: 'off', detail: 'queue embedded, one server', mend: 'set LANEWAY_REDIS_URL to share work' };
  }
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: patienceMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let lastError: Error | null = null;
  redis.on('error', (error: Error) => (lastError = error));
  try {
    await redis.connect();
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'of unknown version';
    const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1] ?? 'noeviction';
    if (policy === 'noeviction') return ok('redis', `Redis ${version} at ${new URL(url).host}`);
    return failed(
      'redis',
      `Redis may evict queued work: maxmemory-policy is ${policy}`,
      'redis-cli config set maxmemory-policy noeviction',
    );
  } catch (error) {
    return failed('redis', lastError ?? error, 'start Redis (`redis-server`) or put LANEWAY_REDIS_URL right');
  } finally {
    redis.disconnect();
  }
}
