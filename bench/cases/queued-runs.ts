import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { buildApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { newRunId } from '../../src/runs/run-id.js';
import { startPostgres } from '../../test/servers/postgres.js';
import { startRedis } from '../../test/servers/redis.js';
import { pushZip } from '../deploy.js';
import { echoFiles } from '../echo.js';
import { folderSettings, zipOf } from '../laneway.js';
import { startBareBullmq, type BareBullmq } from '../peers/bare-bullmq.js';
import { median, percentile } from '../percentile.js';
import { beside, judged, roundsRow, timesRow, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';

/** Of each in a turn. */
const single = 60;
const warmUp = 50;
/** Enough that one bad moment of the machine does not make the percentile. */
const fairnessRuns = 1500;
const inFlight = 64;
const bullmq = 'bare BullMQ and three PostgreSQL commits';

/**
 * Durable queued runs from the call that accepts one to the word that its end is recorded, inside one process: embedded, and
 * on Redis with PostgreSQL beside bare BullMQ with three PostgreSQL commits a job. All stand at once and take turns.
 */
export async function queuedRuns({ rounds }: Pace): Promise<Row[]> {
  const redis = await startRedis();
  const postgres = await startPostgres();
  try {
    const shared = { LANEWAY_REDIS_URL: redis.url, LANEWAY_DATABASE_URL: postgres.url };
    const rows = await measureBeside(shared, rounds);
    return [...rows, ...fairnessRows(await measureFairness())];
  } finally {
    await Promise.all([redis.stop(), postgres.stop()]);
  }
}

async function measureBeside(
  shared: { LANEWAY_REDIS_URL: string; LANEWAY_DATABASE_URL: string },
  rounds: number,
): Promise<Row[]> {
  const store = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const bare = await startBareBullmq({ redisUrl: shared.LANEWAY_REDIS_URL, databaseUrl: shared.LANEWAY_DATABASE_URL });
  try {
    const settings = { ...shared, LANEWAY_STORE: store };
    return await withApp({}, (embedded) =>
      withApp(settings, (sharing) =>
        // Accepted by a server that carries nothing out, carried out by the other one: every run passes Redis.
        withApp({ ...settings, LANEWAY_QUEUE_CONCURRENCY: '0' }, async (accepting) => {
          const times = await inTurns(rounds, {
            embedded: () => timesOf(embedded, () => single),
            bare: () => timesOfJobs(bare),
            sharing: () => timesOf(sharing, () => single),
            handedOver: () => timesOf(accepting, () => single),
          });
          const rates = await inTurns(rounds, { embedded: () => throughput(embedded), sharing: () => throughput(sharing) });
          return runRows(times, rates);
        }),
      ),
    );
  } finally {
    await bare.stop();
    await rm(store, { recursive: true, force: true });
  }
}

function runRows(
  times: Record<'embedded' | 'bare' | 'sharing' | 'handedOver', number[][]>,
  rates: Record<'embedded' | 'sharing', number[]>,
): Row[] {
  const row = (what: string, name: keyof typeof times) => timesRow(`${what}, accepted to done`, times[name]);
  const besideBare = (what: string, name: keyof typeof times) =>
    beside(row(what, name), bullmq, { own: times[name].map(median), other: times.bare.map(median) });
  const rate = (what: string, name: keyof typeof rates) =>
    roundsRow(`queued runs, ${what}, ${inFlight} in flight`, '1/s', rates[name]);
  return [
    judged(row('queued run, embedded', 'embedded'), { of: 'measured', atMost: 1.5 }),
    judged(rate('embedded', 'embedded'), { of: 'measured', atLeast: 10_000 }),
    row(bullmq, 'bare'),
    judged(besideBare('queued run, Redis and PostgreSQL', 'sharing'), { of: 'ratio', atMost: 1.3 }),
    besideBare('queued run from one server to another', 'handedOver'),
    rate('Redis and PostgreSQL', 'sharing'),
  ];
}

async function timesOfJobs(bare: BareBullmq): Promise<number[]> {
  const times: number[] = [];
  while (times.length < single) times.push(await bare.one());
  return times;
}

/** A server in this process with a function `echo` that is warm. */
async function withApp<Answer>(settings: Record<string, string>, work: (app: App) => Promise<Answer>): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const config = readConfig({
    ...folderSettings(folder),
    LANEWAY_QUEUE_CONCURRENCY: String(inFlight),
    // There is one function, and so one line.
    LANEWAY_QUEUE_SHARE: '100',
    ...settings,
  });
  const app = await buildApp(config, pino({ level: 'silent' }));
  try {
    await pushZip(app, 'echo', zipOf(echoFiles('thread')));
    for (let warm = 0; warm < warmUp; warm += 1) await oneRun(app);
    return await work(app);
  } finally {
    await app.close();
    await rm(folder, { recursive: true, force: true });
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
    const code = 'export default () => new Promise((done) => setTimeout(done, 20 + 60 * Math.random()));';
    await pushZip(app, 'slow', zipOf({ 'index.mjs': code, 'laneway.json': '{"isolation":"thread"}' }));
    const flooding = new AbortController();
    let floodRuns = 0;
    const flood = () =>
      Array.from({ length: inFlight }, async () => {
        for (; !flooding.signal.aborted; floodRuns += 1) await oneRun(app, 'slow');
      });
    const alone = await timesOf(app, () => fairnessRuns);
    const flooded = flood();
    const floodBegins = await timesOf(app, (count) => (floodRuns < 2 * inFlight ? Infinity : count));
    const besideFlood = await timesOf(app, () => fairnessRuns);
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
  const plain = (what: string, times: number[]) => timesRow(`${what}, accepted to done`, [times]);
  const row = (what: string, times: number[]) => ({ ...plain(what, times), peer, ratio: toAlone(times) });
  return [
    plain('queued run, nothing beside', alone),
    row(`queued run while workers for ${inFlight} slow ones of another function start`, floodBegins),
    judged(row(`queued run beside ${inFlight} slow ones of another function`, besideFlood), { of: 'ratio', atMost: 2 }),
  ];
}

async function throughput(app: App): Promise<number> {
  const started = performance.now();
  const until = started + 1000;
  let done = 0;
  const keepOneInFlight = async () => {
    while (performance.now() < until) {
      await oneRun(app);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, keepOneInFlight));
  return (done / (performance.now() - started)) * 1000;
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
