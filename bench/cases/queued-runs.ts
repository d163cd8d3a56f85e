import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { buildApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { newRunId } from '../../src/runs/run-id.js';
import { startPostgres } from '../../test/servers/postgres.js';
import { startRedis } from '../../test/servers/redis.js';
import { zipOf } from '../laneway.js';
import { bareBullmq } from '../peers/bare-bullmq.js';
import { percentile } from '../percentile.js';
import { judged, type Row } from '../row.js';

const single = 300;
/** Enough that one bad moment of the machine does not make the percentile. */
const beside = 1500;
const inFlight = 64;
const seconds = 6;

/**
 * Durable queued runs from the call that accepts one to the word that its end is recorded, inside one process:
 * embedded, and on Redis with PostgreSQL beside bare BullMQ with three PostgreSQL commits a job.
 */
export async function queuedRuns(): Promise<Row[]> {
  const embedded = await measure({});
  const redis = await startRedis();
  const postgres = await startPostgres();
  try {
    const shared = await measure({ LANEWAY_REDIS_URL: redis.url, LANEWAY_DATABASE_URL: postgres.url });
    const handedOver = await measureHandOver({ LANEWAY_REDIS_URL: redis.url, LANEWAY_DATABASE_URL: postgres.url });
    const bare = await bareBullmq({ redisUrl: redis.url, databaseUrl: postgres.url, jobs: single });
    return [
      judged(rowOf('queued run, embedded', embedded.times), { of: 'measured', atMost: 1.5 }),
      judged(
        { what: `queued runs, embedded, ${inFlight} in flight`, measured: embedded.perSecond, unit: '1/s' },
        { of: 'measured', atLeast: 10_000 },
      ),
      rowOf('bare BullMQ and three PostgreSQL commits', bare),
      judged(
        {
          ...rowOf('queued run, Redis and PostgreSQL', shared.times),
          peer: 'bare BullMQ and three PostgreSQL commits',
          ratio: percentile(shared.times, 0.5) / percentile(bare, 0.5),
        },
        { of: 'ratio', atMost: 1.3 },
      ),
      {
        ...rowOf('queued run from one server to another', handedOver),
        peer: 'bare BullMQ and three PostgreSQL commits',
        ratio: percentile(handedOver, 0.5) / percentile(bare, 0.5),
      },
      { what: `queued runs, Redis and PostgreSQL, ${inFlight} in flight`, measured: shared.perSecond, unit: '1/s' },
      ...fairnessRows(await measureFairness()),
    ];
  } finally {
    await Promise.all([redis.stop(), postgres.stop()]);
  }
}

function rowOf(what: string, times: readonly number[]): Row {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(times, share)) as [number, number, number];
  return { what: `${what}, accepted to done`, measured: p50, unit: 'ms', p50, p95, p99 };
}

async function measure(settings: Record<string, string>): Promise<{ times: number[]; perSecond: number }> {
  return withApp(settings, async (app) => {
    const times: number[] = [];
    for (let count = 0; count < single; count += 1) times.push(await oneRun(app));
    return { times, perSecond: await throughput(app) };
  });
}

/** A server in this process with a function `echo` that is warm. */
async function withApp<Answer>(settings: Record<string, string>, work: (app: App) => Promise<Answer>): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const config = readConfig({
    LANEWAY_PORT: '0',
    LANEWAY_DATA: join(folder, 'data'),
    LANEWAY_STORE: join(folder, 'store'),
    LANEWAY_QUEUE_CONCURRENCY: String(inFlight),
    // There is one function, and so one line.
    LANEWAY_QUEUE_SHARE: '100',
    ...settings,
  });
  const app = await buildApp(config, pino({ level: 'silent' }));
  try {
    await pushFunction(app, 'echo', 'export default (payload) => payload;');
    for (let warm = 0; warm < 50; warm += 1) await oneRun(app);
    return await work(app);
  } finally {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Accepted by a server that carries nothing out, carried out by another one: every run passes Redis. */
async function measureHandOver(shared: Record<string, string>): Promise<number[]> {
  const store = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const settings = { ...shared, LANEWAY_STORE: store };
  try {
    return await withApp(settings, () =>
      withApp({ ...settings, LANEWAY_QUEUE_CONCURRENCY: '0' }, async (accepting) => {
        const times: number[] = [];
        for (let count = 0; count < single; count += 1) times.push(await oneRun(accepting));
        return times;
      }),
    );
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}

interface Fairness {
  alone: number[];
  /** While the workers of the flooding function are being started. */
  floodBegins: number[];
  besideFlood: number[];
}

/** How long runs of one function take from accepted to done, alone and beside a flood of another one's. */
async function measureFairness(): Promise<Fairness> {
  return withApp({ LANEWAY_QUEUE_CONCURRENCY: '16', LANEWAY_QUEUE_SHARE: '75' }, async (app) => {
    await pushFunction(app, 'slow', 'export default () => new Promise((done) => setTimeout(done, 20 + 60 * Math.random()));');
    const flooding = new AbortController();
    let floodRuns = 0;
    const flood = () =>
      Array.from({ length: inFlight }, async () => {
        for (; !flooding.signal.aborted; floodRuns += 1) await oneRun(app, 'slow');
      });
    const alone = await timesOf(app, () => beside);
    const flooded = flood();
    const floodBegins = await timesOf(app, (count) => (floodRuns < 2 * inFlight ? Infinity : count));
    const besideFlood = await timesOf(app, () => beside);
    flooding.abort();
    await Promise.all(flooded);
    return { alone, floodBegins, besideFlood };
  });
}

/** One run after the other, as many as `wanted` says when it is told how many there are. */
async function timesOf(app: App, wanted: (count: number) => number): Promise<number[]> {
  const times: number[] = [];
  while (times.length < wanted(times.length)) times.push(await oneRun(app));
  return times;
}

function fairnessRows({ alone, floodBegins, besideFlood }: Fairness): Row[] {
  const peer = 'the same with nothing beside, p95';
  const toAlone = (times: number[]) => percentile(times, 0.95) / percentile(alone, 0.95);
  const row = (what: string, times: number[]) => ({ ...rowOf(what, times), peer, ratio: toAlone(times) });
  return [
    rowOf('queued run, nothing beside', alone),
    row(`queued run while workers for ${inFlight} slow ones of another function start`, floodBegins),
    judged(row(`queued run beside ${inFlight} slow ones of another function`, besideFlood), { of: 'ratio', atMost: 2 }),
  ];
}

async function throughput(app: App): Promise<number> {
  const until = performance.now() + seconds * 1000;
  let done = 0;
  const keepOneInFlight = async () => {
    while (performance.now() < until) {
      await oneRun(app);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, keepOneInFlight));
  return done / seconds;
}

async function pushFunction(app: App, name: string, code: string): Promise<void> {
  const zip = Readable.from([zipOf({ 'index.mjs': code, 'laneway.json': '{"isolation":"thread"}' })]);
  await app.store.push({
    function: name,
    lane: 'latest',
    newMajor: false,
    zip,
    type: null,
    pushedBy: null,
    requireDestination: () => {},
  });
}

/** Milliseconds from the call that accepts a run to the word that its end is in the records. */
async function oneRun(app: App, name = 'echo'): Promise<number> {
  const id = newRunId();
  const started = performance.now();
  const ended = new Promise<void>((resolve) => {
    const stop = app.bus.subscribe(`run:${id}`, (message) => {
      if (!message.includes('"ended"')) return;
      stop();
      resolve();
    });
  });
  await app.runs.accept({
    id,
    source: 'bench',
    callerId: null,
    keyId: null,
    function: name,
    lane: 'latest',
    version: '',
    type: null,
    entryFile: null,
    payload: '{"n":1}',
    invocation: { url: '/', headers: {}, parameters: {} },
  });
  await ended;
  return performance.now() - started;
}
