import type { Config } from './config.js';
import { sharpfaas } from './dialects/sharpfaas/sharpfaas.js';
import type { MetricParts } from './http/metrics.js';
import { nativeApi } from './http/native-api.js';
import { healthRoutes } from './http/routes/health.js';
import type { Parts } from './open-parts.js';
import { deliverySettings, isolationFacts } from './policies.js';
import type { Membership } from './processes/membership.js';
import { BodyBudget } from './runs/body-budget.js';

/** Every way in over HTTP: the native API, the dialects, health and metrics. */
export async function registerRoutes(config: Config, parts: Parts): Promise<void> {
  const { server, membership, access, records, redis, bus, store, queue, executor, tracing, runs, authorize, log } = parts;
  const { MAX_PAYLOAD: maxPayloadBytes, MAX_UPLOAD: maxUploadBytes } = config;
  // Two halves: slow clients keep no run from beginning, and long runs keep no client from being heard.
  const bodies = new BodyBudget(config.PAYLOAD_MEMORY / 2);
  const common = { runs, store, authorize, log, bodies };
  await server.register(
    nativeApi({
      ...common,
      ...access,
      records,
      executor,
      schedules: parts.schedules,
      events: parts.events,
      maxPayloadBytes,
      maxUploadBytes,
      maxEventBytes: config.MAX_EVENT,
      allowPrivateWebhooks: deliverySettings(config).allowPrivate,
    }),
  );
  await server.register(
    sharpfaas({
      ...common,
      authorizeKey: parts.authorizeKey,
      seal: access.seal,
      bus,
      audit: access.audit,
      encryptionKey: config.ENCRYPTION_KEY,
      limits: { maxPayloadBytes, maxUploadBytes, maxConnections: config.MAX_FOLLOWERS },
    }),
  );
  const ownMetrics = metricsOnDemand({
    runs,
    records,
    queue,
    executor: () => executor.stats(),
    spans: tracing && (() => tracing.counts()),
  });
  membership?.onMetricsAsked(ownMetrics);
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
      facts: {
        ...(membership === null ? {} : { process: { number: membership.number, of: config.SERVER_PROCESSES } }),
        isolation: isolationFacts(config, parts.confinement),
        limits: executor.stats().resources,
      },
      isDraining: () => runs.isDraining(),
      metrics: membership === null ? ownMetrics : () => metricsOfAll(membership, ownMetrics),
    }),
  );
}

/** The metrics library is loaded when the first scrape comes. */
function metricsOnDemand(parts: MetricParts): () => Promise<string> {
  let metrics: Promise<() => Promise<string>> | null = null;
  return async () => {
    metrics ??= import('./http/metrics.js').then(({ createMetrics }) => createMetrics(parts));
    return (await metrics)();
  };
}

/** Whichever process is asked tells the numbers of all of them. */
async function metricsOfAll(membership: Membership, own: () => Promise<string>): Promise<string> {
  const [{ mergeMetrics }, text, others] = await Promise.all([
    import('./http/merge-metrics.js'),
    own(),
    membership.gatherMetrics(),
  ]);
  return mergeMetrics([{ number: membership.number, text }, ...others]);
}
