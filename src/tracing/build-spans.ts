import { type Attributes, type SpanContext, SpanKind, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { RandomIdGenerator } from '@opentelemetry/sdk-trace';
import type { EndedAttempt } from '../contract/tracing.js';
import { AttemptSpan } from './attempt-span.js';

const ids = new RandomIdGenerator();
const unset: SpanStatus = { code: SpanStatusCode.UNSET };
/** Stages that took less milliseconds are noise: most runs find a warm worker at once. */
const shortestStageMs = 0.1;

interface Stage {
  name: string;
  from: number;
  ms: number;
}

/** The span of an attempt, with the id that its function was told, and one below it for each stage that took time. */
export function buildSpans(attempt: EndedAttempt, resource: Resource): AttemptSpan[] {
  const { traceId, spanId, traceFlags } = contextOf(attempt.traceparent);
  const own = { traceId, spanId, traceFlags };
  const stages = stagesOf(attempt);
  const begins = Math.min(attempt.begunAt, ...stages.map(({ from }) => from));
  const ends = Math.max(attempt.endedAt, ...stages.map(({ from, ms }) => from + ms));
  const spans = stages.map(
    ({ name, from, ms }) =>
      new AttemptSpan({
        name,
        from,
        ms,
        resource,
        context: { traceId, spanId: ids.generateSpanId(), traceFlags },
        parent: own,
        kind: SpanKind.INTERNAL,
        attributes: name === 'start' && attempt.timings?.cold ? { 'laneway.cold_reason': attempt.timings.cold } : {},
        status: unset,
        links: [],
      }),
  );
  const whole = new AttemptSpan({
    name: `run ${attempt.function}`,
    from: begins,
    ms: ends - begins,
    resource,
    context: own,
    parent: attempt.caller === null ? null : { ...contextOf(attempt.caller), isRemote: true },
    kind: attempt.mode === 'sync' ? SpanKind.SERVER : SpanKind.CONSUMER,
    attributes: attributesOf(attempt),
    status: statusOf(attempt),
    links: attempt.previousSpanId === null ? [] : [{ context: { traceId, spanId: attempt.previousSpanId, traceFlags } }],
  });
  return [whole, ...spans];
}

/**
 * In the order in which they happened. The first two are measured from the beginning, those in the executor back from the
 * outcome: what lies between is small.
 */
function stagesOf({ begunAt, endedAt, queuedMs, recordMs, timings }: EndedAttempt): Stage[] {
  const stages: Stage[] = [];
  const add = (name: string, from: number, ms: number) => {
    if (ms >= shortestStageMs) stages.push({ name, from, ms });
  };
  add('queued', begunAt - queuedMs, queuedMs);
  if (timings !== null) {
    const { fetchMs, waitMs, startMs, runMs } = timings;
    const startAt = endedAt - runMs - startMs;
    add('fetch', begunAt, fetchMs);
    add('wait', startAt - waitMs, waitMs);
    add('start', startAt, startMs);
    stages.push({ name: 'run', from: endedAt - runMs, ms: runMs });
  }
  add('record', endedAt, recordMs ?? 0);
  return stages;
}

/** By OpenTelemetry's semantic conventions where they have a name for it. */
function attributesOf(attempt: EndedAttempt): Attributes {
  const { reason, exitCode, runtime, isolation, timings } = attempt;
  const attributes: Attributes = {
    'faas.name': attempt.function,
    'faas.version': attempt.version,
    'faas.invocation_id': attempt.runId,
    'faas.trigger': attempt.mode === 'sync' ? 'http' : attempt.source === 'schedule' ? 'timer' : 'pubsub',
    'laneway.lane': attempt.lane,
    'laneway.mode': attempt.mode,
    'laneway.source': attempt.source,
    'laneway.attempt': attempt.attempt,
    'laneway.state': attempt.state,
  };
  if (timings !== null) attributes['faas.coldstart'] = timings.cold !== null;
  if (runtime !== null) attributes['laneway.runtime'] = runtime;
  if (isolation !== null) attributes['laneway.isolation'] = isolation;
  if (reason !== null) attributes['laneway.reason'] = attributes['error.type'] = reason;
  if (exitCode !== null) attributes['process.exit.code'] = exitCode;
  return attributes;
}

/** A function that failed is an error; one that was cancelled, or did well, leaves it to others to say so. */
function statusOf({ reason, message }: EndedAttempt): SpanStatus {
  return reason === null ? unset : { code: SpanStatusCode.ERROR, message: (message ?? reason).slice(0, 500) };
}

/** Of a W3C trace context in the form of version 00. */
function contextOf(traceparent: string): SpanContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: parseInt(traceparent.slice(53, 55), 16),
  };
}
