import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'pg';

export interface BareBullmq {
  /** Milliseconds of one job, from the first commit to its last. */
  one(): Promise<number>;
  stop(): Promise<void>;
}

/** What a durable queued run costs at least on these parts: accept, claim and end committed, and a BullMQ job between. */
export async function startBareBullmq(settings: { redisUrl: string; databaseUrl: string }): Promise<BareBullmq> {
  const pool = new Pool({ connectionString: settings.databaseUrl, max: 8 });
  await pool.query('create table if not exists bare_runs (id text primary key, state text not null)');
  const connect = () => new Redis(settings.redisUrl, { maxRetriesPerRequest: null });
  const connections = [connect(), connect()] as const;
  const queue = new Queue('bare', { connection: connections[0] });
  const done = new Map<string, () => void>();
  const worker = new Worker(
    'bare',
    async (job) => {
      await pool.query(`update bare_runs set state = 'running' where id = $1`, [job.id]);
      await pool.query(`update bare_runs set state = 'done' where id = $1`, [job.id]);
      done.get(job.id!)!();
    },
    { connection: connections[1], concurrency: 16 },
  );
  await worker.waitUntilReady();
  let last = 0;
  return {
    async one() {
      const id = `job-${(last += 1)}`;
      const started = performance.now();
      const ended = new Promise<void>((resolve) => done.set(id, resolve));
      await pool.query(`insert into bare_runs (id, state) values ($1, 'queued')`, [id]);
      await queue.add('run', {}, { jobId: id, removeOnComplete: true });
      await ended;
      done.delete(id);
      return performance.now() - started;
    },
    async stop() {
      await worker.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
      await pool.end();
    },
  };
}
