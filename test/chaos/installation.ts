import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { startVsftpd, type VsftpdServer } from '../servers/vsftpd.js';
import type { Guard } from './break-guard.js';
import { databaseAt, type Database } from './database.js';
import { ServerProcess } from './server-process.js';

export type Mode = 'embedded' | 'cluster';

/** All the processes of one installation, each of which can be killed and started again. */
export interface Installation {
  readonly mode: Mode;
  readonly servers: readonly ServerProcess[];
  /** Null in embedded mode. */
  readonly parts: Parts | null;
  readonly database: Database;
  readonly leaseMs: number;
  readonly drainMs: number;
  /** Ends everything. */
  stop(): Promise<void>;
}

interface Parts {
  redis: RedisServer;
  postgres: PostgresServer;
  ftp: VsftpdServer;
}

export interface InstallationOptions {
  mode: Mode;
  folder: string;
  leaseMs: number;
  brokenGuard?: Guard;
  onCrash: (problem: string) => void;
  /** A server stood still for so long that its leases may have run out. */
  onStalled: (ms: number) => void;
}

export const adminKey = `lw_chaosadmin_${'c'.repeat(40)}`;
const drainMs = 500;

/** Starts the parts; the servers are made and not started. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { mode, folder, leaseMs } = options;
  mkdirSync(folder, { recursive: true });
  const parts = mode === 'embedded' ? null : await startParts();
  const names = mode === 'embedded' ? ['server'] : ['server-a', 'server-b'];
  const servers = names.map((name) => {
    const { onCrash, onStalled, brokenGuard } = options;
    const settings = { ...settingsOf(leaseMs), ...partSettings(parts) };
    return new ServerProcess({
      name,
      folder: join(folder, name),
      settings,
      onCrash,
      onStalled,
      tellStallsMs: leaseMs / 4,
      ...(brokenGuard === undefined ? {} : { brokenGuard }),
    });
  });
  return {
    mode,
    servers,
    parts,
    leaseMs,
    drainMs,
    database: databaseAt({ dataFolder: servers[0]!.dataFolder, url: parts?.postgres.url ?? null }),
    async stop() {
      await Promise.all(servers.map((server) => server.kill()));
      if (parts !== null) await Promise.all(Object.values(parts).map((part) => (part as { stop(): Promise<void> }).stop()));
    },
  };
}

async function startParts(): Promise<Parts> {
  const [redis, postgres, ftp] = await Promise.all([startRedis(), startPostgres(), startVsftpd()]);
  return { redis, postgres, ftp };
}

function settingsOf(leaseMs: number): Record<string, string> {
  return {
    LANEWAY_ADMIN_KEY: adminKey,
    LANEWAY_LEASE: `${leaseMs}ms`,
    LANEWAY_DRAIN: `${drainMs}ms`,
    LANEWAY_SPARE_PROCESSES: '0',
    LANEWAY_SPARE_THREADS: '0',
    LANEWAY_LOG_LEVEL: 'info',
    // Executions are told to a file outside, with pids as they are there.
    LANEWAY_DEFAULT_ISOLATION: 'process',
  };
}

function partSettings(parts: Parts | null): Record<string, string> {
  if (parts === null) return {};
  return {
    LANEWAY_REDIS_URL: parts.redis.url,
    LANEWAY_DATABASE_URL: parts.postgres.url,
    LANEWAY_FTP_URL: parts.ftp.url,
    LANEWAY_SECRET_KEY: 'ab'.repeat(32),
  };
}
