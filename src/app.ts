import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { FirstKey } from './access/first-key.js';
import { openAccess } from './access/open-access.js';
import { openBus } from './bus/open-bus.js';
import type { Config } from './config.js';
import type { Bus } from './contract/bus.js';
import type { Records } from './contract/records.js';
import type { FunctionStore } from './contract/store.js';
import { canonicalUrl } from './dialects/sharpfaas/canonical-url.js';
import { sharpfaas } from './dialects/sharpfaas/sharpfaas.js';
import { openEvents } from './events/open-events.js';
import { createAuthorize } from './http/authorize.js';
import type { MetricParts } from './http/metrics.js';
import { nativeApi } from './http/native-api.js';
import { healthRoutes } from './http/routes/health.js';
import { closeServer, createServer } from './http/server.js';
import { Opened } from './opened.js';
import { openQueue } from './queue/open-queue.js';
import { openRecords } from './records/open-records.js';
import type { RedisClaim } from './redis/installation.js';
import { BodyBudget } from './runs/body-budget.js';
import { EndDeliveries } from './runs/deliveries/end-deliveries.js';
import { openRuns, type Runs } from './runs/open-runs.js';
import type { RunRequest } from './runs/run-request.js';
import { createLocalExecutor } from './runtime/local-executor.js';
import { checkManifestSchedules } from './schedules/manifest-schedules.js';
import { openSchedules } from './schedules/open-schedules.js';
import { openStore } from './store/open-store.js';
import type { Tracing } from './tracing/open-tracing.js';
import { deliverySettings, executorOptions, runsPolicy, storeOptions } from './policies.js';

export interface App {
  readonly server: FastifyInstance;
  readonly firstKey: FirstKey;
  readonly runs: Runs;
  readonly store: FunctionStore;
  readonly bus: Bus;
  /** Starts taking requests; resolves with the URL. */
  listen(): Promise<string>;
  /** clean-drain: stops intake, finishes or hands back what runs, and closes everything in the reverse order of its making. */
  close(): Promise<void>;
}

/** Where a test stands between the parts, to end the server at a named step or to take a guard away. */
export interface Seams {
  /** What every part gets in place of the records. */
  records?: (records: Records) => Records;
}

/** Builds the whole server by hand, in order. What was opened is closed again when a later part fails to open. */
export async function buildApp(config: Config, log: Logger, seams: Seams = {}): Promise<App> {
  const opened = new Opened(log);
  try {
    return await build(config, log, { opened, seams });
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function build(config: Config, log: Logger, { opened, seams }: { opened: Opened; seams: Seams }): Promise<App> {
  const shared = config.REDIS_URL !== null || config.DATABASE_URL !== null;
  const { MAX_PAYLOAD: maxPayloadBytes, MAX_UPLOAD: maxUploadBytes } = config;
  const limits = { maxPayloadBytes, maxUploadBytes, maxEventBytes: config.MAX_EVENT };
  const delivering = deliverySettings(config);

  // Records first: they hold the installation's id, which everything shared must carry.
  const ownRecords = opened.add(await openRecords({ dataFolder: config.DATA, databaseUrl: config.DATABASE_URL }));
  const records = seams.records?.(ownRecords) ?? ownRecords;
  const { installationId } = records;
  const redis = await claimSharedRedis(config.REDIS_URL, installationId, log);
  opened.add({ close: () => redis?.close() });
  const bus = opened.add(await openBus({ redisUrl: config.REDIS_URL, installationId, log }));
  bus.onReconnect(() => redis?.renew());
  const access = opened.add(await openAccess(config, { records, bus, shared, log }));
  const authorize = createAuthorize(access);

  // Made before the runs, so that it is closed after them: it answers those who wait for a run, and says that it drains.
  const server = await createServer({
    log,
    maxHeaderBytes: config.MAX_HEADERS,
    requestTimeoutMs: config.REQUEST_TIMEOUT,
    sendTimeoutMs: config.SEND_TIMEOUT,
    maxSocketMessageBytes: maxPayloadBytes + 64 * 1024,
    trustProxy: config.TRUST_PROXY === 'yes',
    canonicalUrl,
  });
  opened.add({ close: () => closeServer(server) });

  const store = opened.add(
    await openStore({ ...storeOptions(config), records, bus, log, shared, checkSchedule: checkManifestSchedules }),
  );
  const queue = opened.add(await openQueue({ redisUrl: config.REDIS_URL, installationId, leaseMs: config.LEASE, log }));
  const executor = createLocalExecutor({
    ...executorOptions(config),
    secretsFor: (names) => access.secrets.secretsFor(names),
  });
  opened.add({ close: () => executor.close(0) });
  access.secrets.onChange((name) => executor.retireUsing(name));
  let deliveries: EndDeliveries | null = null;
  // Two halves: slow clients keep no run from beginning, and long runs keep no client from being heard.
  const bodies = new BodyBudget(config.PAYLOAD_MEMORY / 2);
  // Before the runs, so that it is closed after them, with the spans of those that ended last.
  const tracing = await openTracing(config, log);
  if (tracing !== null) opened.add({ close: () => tracing.close(Math.min(config.DRAIN, patienceWithCollectorMs)) });
  const runs = await openRuns(
    {
      records,
      store,
      queue,
      executor,
      bus,
      log,
      shared,
      keyLimits: () => access.ring.limited,
      // Embedded records have one server: nobody else could take a run over.
      onLeasesRenewed: (holdMs) => config.DATABASE_URL !== null && executor.leasesHoldUntil(holdMs),
      onToTell: () => deliveries?.wake(),
      bodies: new BodyBudget(config.PAYLOAD_MEMORY / 2),
      ...(tracing === null ? {} : { tracer: tracing }),
    },
    runsPolicy(config),
  );
  opened.add({ close: () => runs.close(config.DRAIN) });
  const schedules = opened.add(openSchedules({ records, runs, store, bus, log, shared }));

  const accept = (request: RunRequest) => runs.accept(request);
  const events = opened.add(openEvents({ store, versions: records.versions, runs: records.runs, accept, log }));
  deliveries = opened.add(
    new EndDeliveries(
      {
        runs: records.runs,
        accept,
        publish: (event) => events.publish(event),
        secretsFor: (names) => access.secrets.secretsFor(names),
        log,
        ...(tracing === null ? {} : { tracer: tracing }),
      },
      delivering,
    ),
  );

  const common = { runs, store, authorize, log, bodies };
  await server.register(
    nativeApi({
      ...common,
      ...access,
      records,
      executor,
      schedules,
      events,
      ...limits,
      allowPrivateWebhooks: delivering.allowPrivate,
    }),
  );
  await server.register(
    sharpfaas({
      ...common,
      audit: access.audit,
      encryptionKey: config.ENCRYPTION_KEY,
      limits: { maxPayloadBytes, maxUploadBytes, maxConnections: config.MAX_FOLLOWERS },
    }),
  );
  await server.register(async (scope) =>
    healthRoutes(scope, {
      authorize,
      checks: {
        records: () => records.check(),
        queue: async () => {
          await redis?.check();
          await queue.check();
        },
        bus: () => bus.check(),
        store: () => store.check(),
      },
      facts: { isolation: { strongest: 'process', default: config.DEFAULT_ISOLATION, floor: config.MIN_ISOLATION } },
      isDraining: () => runs.isDraining(),
      metrics: metricsOnDemand({
        runs,
        records,
        queue,
        executor: () => executor.stats(),
        spans: tracing && (() => tracing.counts()),
      }),
    }),
  );
  await server.ready();
  await runs.start();

  return {
    server,
    firstKey: access.firstKey,
    runs,
    store,
    bus,
    async listen() {
      const address = await server.listen({ host: config.HOST, port: config.PORT });
      return config.PUBLIC_URL ?? address;
    },
    close: () => opened.closeAll(),
  };
}

/** One Redis serves one installation. Its client is loaded only where there is a Redis. */
async function claimSharedRedis(url: string | null, installationId: string, log: Logger): Promise<RedisClaim | null> {
  if (url === null) return null;
  const { RedisClaim: Claim } = await import('./redis/installation.js');
  return Claim.open(url, installationId, log);
}

/** A closing server tries so long to hand over its last spans. */
const patienceWithCollectorMs = 2000;

/** OpenTelemetry is loaded only where traces are exported. */
async function openTracing({ TRACING: settings }: Config, log: Logger): Promise<Tracing | null> {
  if (settings === null) return null;
  const tracing = await import('./tracing/open-tracing.js');
  return tracing.openTracing(settings, log);
}

/** The metrics library is loaded when the first scrape comes. */
function metricsOnDemand(parts: MetricParts): () => Promise<string> {
  let metrics: Promise<() => Promise<string>> | null = null;
  return async () => {
    metrics ??= import('./http/metrics.js').then(({ createMetrics }) => createMetrics(parts));
    return (await metrics)();
  };
}
