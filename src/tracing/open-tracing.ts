import { randomUUID } from 'node:crypto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { Logger } from 'pino';
import type { AttemptTracer, EndedAttempt } from '../contract/tracing.js';
import { buildSpans } from './build-spans.js';
import { chooseSampler } from './choose-sampler.js';
import { SpanQueue } from './span-queue.js';

type Compression = NonNullable<NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['compression']>;

export interface TracingOptions {
  url: string;
  headers: Readonly<Record<string, string>>;
  compression: 'none' | 'gzip';
  timeoutMs: number;
  resource: Readonly<Record<string, string>>;
  sampler: string;
  ratio: number;
  batch: { maxWaiting: number; size: number; delayMs: number };
}

export interface Tracing extends AttemptTracer {
  /** Spans since the start. */
  counts(): { exported: number; dropped: number };
  /** Sends what waits, within the time. */
  close(withinMs: number): Promise<void>;
}

/** Exports the attempts of this server as spans to an OpenTelemetry collector. Only loaded where there is one. */
export function openTracing(options: TracingOptions, log: Logger): Tracing {
  const { url, headers, compression, timeoutMs, batch } = options;
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...headers },
    compression: compression as Compression,
    timeoutMillis: timeoutMs,
  });
  const queue = new SpanQueue({ ...batch, size: Math.min(batch.size, batch.maxWaiting), exporter, log });
  const instance = resourceFromAttributes({ 'service.instance.id': randomUUID(), ...options.resource });
  const resource = defaultResource().merge(instance);
  const isSampled = chooseSampler(options.sampler, options.ratio);
  return {
    isSampled,
    attemptEnded(attempt) {
      if (isOfSampledTrace(attempt)) queue.add(buildSpans(attempt, resource));
    },
    counts: () => ({ exported: queue.exported, dropped: queue.dropped }),
    async close(withinMs) {
      await queue.close(withinMs);
      // What is under way is not waited for any longer.
      void exporter.shutdown().catch(() => undefined);
    },
  };
}

function isOfSampledTrace({ traceparent }: EndedAttempt): boolean {
  return (parseInt(traceparent.slice(53, 55), 16) & 1) === 1;
}
