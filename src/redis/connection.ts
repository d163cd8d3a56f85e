import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';

/**
 * What a command does while Redis is away: `fail-fast` rejects at once (nothing piles up), `patient` waits for the
 * connection to come back (for a worker's few commands, which must not get lost).
 */
export type RedisManner = 'fail-fast' | 'patient';

/** A connection that comes back by itself, never crashes the process and is noticed when it falls silent. */
export function connectRedis(url: string, settings: { name: string; manner: RedisManner; log: Logger }): Redis {
  const { name, manner, log } = settings;
  const options: Options = { ...shared, ...manners[manner], connectionName: `laneway-${name}` };
  const connection = new Redis(url, options);
  logOutages(connection, name, log);
  return connection;
}

/** Whether commands are answered now. */
export function isReady(connection: Redis): boolean {
  return connection.status === 'ready';
}

/** Ends a connection for good, even if a library that shares it asks it to come back. */
export function endConnection(connection: Redis): void {
  connection.options.retryStrategy = () => null;
  connection.on('error', () => {});
  connection.on('connect', () => connection.disconnect());
  connection.disconnect();
}

type Options = Omit<RedisOptions, 'replyMapping'>;

const shared: Options = {
  connectTimeout: 5000,
  keepAlive: 10_000,
  // A command without an answer for this long means a dead connection, even if nobody closed it.
  socketTimeout: 10_000,
  retryStrategy: (times) => Math.min(50 * times, 1000),
};

const manners: Record<RedisManner, Options> = {
  'fail-fast': {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 5000,
  },
  patient: { maxRetriesPerRequest: null },
};

/** One line when it goes and one when it is back, not one for each of hundreds of tries. */
function logOutages(connection: Redis, name: string, log: Logger): void {
  let away = false;
  const noteOutage = (error?: Error): void => {
    if (away || connection.status === 'end') return;
    away = true;
    log.warn({ redis: name, problem: error?.message ?? 'connection closed' }, 'Redis does not answer');
  };
  connection.on('error', noteOutage);
  connection.on('reconnecting', () => noteOutage());
  connection.on('ready', () => {
    if (away) log.info({ redis: name }, 'Redis answers again');
    away = false;
  });
}
