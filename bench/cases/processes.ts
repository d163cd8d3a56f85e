import { startPostgres } from '../../test/servers/postgres.js';
import { startRedis } from '../../test/servers/redis.js';
import { echoFiles } from '../echo.js';
import { type Laneway, startLaneway } from '../laneway.js';
import { beside, type Line } from '../row.js';
import { inTurns, type Pace } from '../turns.js';
import { load, loadRow, rates } from '../wrk.js';

const body = JSON.stringify({ name: 'Ada', numbers: [1, 2, 3], nested: { ok: true } });
const connections = 32;
const counts = [1, 2] as const;
const alone = '1 process with Redis and PostgreSQL';

/**
 * The same small POST against one process and against two that share a port, in turns. The load, Redis and PostgreSQL take
 * their part of the same cores: with two of them little is to be won, and what each process no longer does for many calls at once is lost.
 */
export async function processCalls({ rounds }: Pace): Promise<Line[]> {
  // Each has a Redis and a PostgreSQL of its own: with the same they would be one installation.
  const parts = await Promise.all(counts.map(async () => ({ redis: await startRedis(), postgres: await startPostgres() })));
  const servers: Laneway[] = [];
  try {
    for (const [index, { redis, postgres }] of parts.entries()) {
      const settings = { LANEWAY_REDIS_URL: redis.url, LANEWAY_DATABASE_URL: postgres.url };
      servers.push(await startLaneway({ ...settings, LANEWAY_SERVER_PROCESSES: String(counts[index]) }));
    }
    await untilBothAnswer(servers[1]!);
    for (const server of servers) await server.push('echo', echoFiles('thread', { concurrency: 2 }));
    const measure = (times: number) => inTurns(times, { one: () => call(servers[0]!), two: () => call(servers[1]!) });
    await measure(2);
    const { one, two } = await measure(rounds);
    const what = (processes: string) => `sync call, ${processes}, ${connections} connections`;
    return [loadRow(what(alone), one), beside(loadRow(what('2 processes'), two), alone, { own: rates(two), other: rates(one) })];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all(parts.flatMap(({ redis, postgres }) => [redis.stop(), postgres.stop()]));
  }
}

function call({ url, pid, headers }: Laneway) {
  const sent = { 'content-type': 'application/json', ...headers };
  return load({ url: `${url}/function/echo`, pid, connections, seconds: 1, headers: sent, body });
}

/** The line that says it listens comes with the first of them. */
async function untilBothAnswer({ url }: Laneway): Promise<void> {
  const seen = new Set<number>();
  while (seen.size < 2) {
    const answer = await fetch(`${url}/ready`, { headers: { connection: 'close' } });
    seen.add(((await answer.json()) as { process: { number: number } }).process.number);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
