import type { Logger } from 'pino';
import { openAccess } from './access/open-access.js';
import { openBus } from './bus/open-bus.js';
import type { Config } from './config.js';
import type { Records } from './contract/records.js';
import { canonicalUrl } from './dialects/sharpfaas/canonical-url.js';
import { openEvents } from './events/open-events.js';
import { createAuthorize, createAuthorizeKey } from './http/authorize.js';
import { closeServer, createServer } from './http/server.js';
import type { Opened } from './opened.js';
import {
  deliverySettings,
  describeIsolation,
  executorOptions,
  isolationPolicy,
  runsPolicy,
  storeOptions,
  warmLimits,
} from './policies.js';
import type { Membership } from './processes/membership.js';
import { openQueue } from './queue/open-queue.js';
import type { RedisClaim } from './redis/installation.js';
import { BodyBudget } from './runs/body-budget.js';
import { EndDeliveries } from './runs/deliveries/end-deliveries.js';
import { openRuns } from './runs/open-runs.js';
import type { RunRequest } from './runs/run-request.js';
import type { ProbedConfinement } from './runtime/confinement/open-confinement.js';
import { createLocalExecutor } from './runtime/local-executor.js';
import { checkManifestSchedules } from './schedules/manifest-schedules.js';
import { openSchedules } from './schedules/open-schedules.js';
import { checkWarmWindows, floorAt } from './schedules/warm-windows.js';
import { openStore } from './store/open-store.js';
import type { Tracing } from './tracing/open-tracing.js';
import { openWarming } from './warming/open-warming.js';

/** Everything a server is made of, but for its routes. */
export type Parts = Awaited<ReturnType<typeof openParts>>;

/** What stands around the parts or between them. */
export interface Seams {
  /** Of a server that is one of several processes. */
  membership?: Membership;
  /** What every part gets in place of the records: where a test ends the server at a named step or takes a guard away. */
  records?: (records: Records) => Records;
}

interface Opening {
  opened: Opened;
  seams: Seams;
  /** Opened first: they hold the installation's id, which everything shared must carry. */
  records: Records;
  /** Found out beside that. */
  confinement: Promise<ProbedConfinement>;
}

/** Opens every other part by hand, in order; `opened` closes them in reverse. */
export async function openParts(config: Config, log: Logger, { opened, seams, records: ownRecords, ...probing }: Opening) {
  const shared = config.REDIS_URL !== null || config.DATABASE_URL !== null;
  const records = seams.records?.(ownRecords) ?? ownRecords;
  const { installationId } = records;
  const redis = await claimSharedRedis(config.REDIS_URL, installationId, log);
  opened.add({ close: () => redis?.close() });
  const bus = opened.add(await openBus({ redisUrl: config.REDIS_URL, installationId, log }));
  bus.onReconnect(() => redis?.renew());
  const access = opened.add(await openAccess(config, { records, bus, shared, log }));
  const authorize = createAuthorize(access);
  const authorizeKey = createAuthorizeKey(access);

  // Made before the runs, so that it is closed after them: it answers those who wait for a run, and says that it drains.
  const server = await createServer({
    log,
    maxHeaderBytes: config.MAX_HEADERS,
    requestTimeoutMs: config.REQUEST_TIMEOUT,
    sendTimeoutMs: config.SEND_TIMEOUT,
    maxSocketMessageBytes: config.MAX_PAYLOAD + 64 * 1024,
    trustProxy: config.TRUST_PROXY === 'yes',
    canonicalUrl,
  });
  opened.add({ close: () => closeServer(server) });

  const store = opened.add(
    await openStore({
      ...storeOptions(config),
      records,
      bus,
      log,
      shared,
      checkSchedule: checkManifestSchedules,
      warm: { ...warmLimits(config), checkWindows: checkWarmWindows },
    }),
  );
  const queue = opened.add(await openQueue({ redisUrl: config.REDIS_URL, installationId, leaseMs: config.LEASE, log }));
  const confinement = await probing.confinement;
  const executor = createLocalExecutor({
    ...executorOptions(config, confinement),
    secretsFor: (names) => access.secrets.secretsFor(names),
  });
  opened.add({ close: () => executor.close(0) });
  const isolation = describeIsolation(config, confinement);
  access.secrets.onChange((name) => executor.retireUsing(name));
  let deliveries: EndDeliveries | null = null;
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
    runsPolicy(config, confinement),
  );
  opened.add({ close: () => runs.close(config.DRAIN) });
  const schedules = opened.add(openSchedules({ records, runs, store, bus, log, shared }));

  // After the runs, so that it is closed before them: what was loaded is theirs.
  const warmParts = { store, versions: records.versions, workers: executor, floorAt, log };
  opened.add(openWarming(warmParts, { isolation: isolationPolicy(config, confinement), waitMs: config.WARM_WAIT }));

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
      deliverySettings(config),
    ),
  );

  return {
    server,
    membership: seams.membership ?? null,
    access,
    authorize,
    authorizeKey,
    records,
    redis,
    bus,
    store,
    queue,
    executor,
    confinement,
    isolation,
    tracing,
    runs,
    schedules,
    events,
    log,
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
