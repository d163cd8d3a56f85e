import { type Attributes, type HrTime, type SpanContext, SpanKind, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { RandomIdGenerator, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { EndedAttempt } from '../contract/tracing.js';

const ids = new RandomIdGenerator();
const scope = { name: 'laneway' };
const unset: SpanStatus = { code: SpanStatusCode.UNSET };
/** Stages that took less milliseconds are noise: most runs find a warm worker at once. */
const shortestStageMs = 0.1;

interface Stage {
  name: string;
  from: number;
  ms: number;
}

/** The span of an attempt, with the id that its function was told, and one below it for each stage that took time. */
export function buildSpans(attempt: EndedAttempt, resource: Resource): ReadableSpan[] {
  const own = contextOf(attempt.traceparent);
  const stages = stagesOf(attempt).filter(({ name, ms }) => name === 'run' || ms >= shortestStageMs);
  const begins = Math.min(attempt.begunAt, ...stages.map(({ from }) => from));
  const ends = Math.max(attempt.endedAt, ...stages.map(({ from, ms }) => from + ms));
  return [
    span({
      resource,
      context: own,
      parent: attempt.caller === null ? null : { ...contextOf(attempt.caller), isRemote: true },
      name: `run ${attempt.function}`,
      kind: attempt.mode === 'sync' ? SpanKind.SERVER : SpanKind.CONSUMER,
      from: begins,
      ms: ends - begins,
      attributes: attributesOf(attempt),
      status: statusOf(attempt),
      links: attempt.previousSpanId === null ? [] : [{ context: { ...own, spanId: attempt.previousSpanId } }],
    }),
    ...stages.map((stage) =>
      span({
        ...stage,
        resource,
        context: { ...own, spanId: ids.generateSpanId() },
        parent: own,
        kind: SpanKind.INTERNAL,
        attributes: stage.name === 'start' && attempt.timings?.cold ? { 'laneway.cold_reason': attempt.timings.cold } : {},
        status: unset,
        links: [],
      }),
    ),
  ];
}

/** The first two are measured from the beginning, those in the executor back from the outcome: what lies between is small. */
function stagesOf({ begunAt, endedAt, queuedMs, recordMs, timings }: EndedAttempt): Stage[] {
  const { fetchMs, waitMs, startMs, runMs } = timings ?? { fetchMs: 0, waitMs: 0, startMs: 0, runMs: 0 };
  const runAt = endedAt - runMs;
  const startAt = runAt - startMs;
  return [
    { name: 'queued', from: begunAt - queuedMs, ms: queuedMs },
    { name: 'fetch', from: begunAt, ms: fetchMs },
    { name: 'wait', from: startAt - waitMs, ms: waitMs },
    { name: 'start', from: startAt, ms: startMs },
    ...(timings === null ? [] : [{ name: 'run', from: runAt, ms: runMs }]),
    { name: 'record', from: endedAt, ms: recordMs ?? 0 },
  ];
}

/** By OpenTelemetry's semantic conventions where they have a name for it. */
function attributesOf(attempt: EndedAttempt): Attributes {
  const { reason, exitCode, runtime, isolation, timings } = attempt;
  return {
    'faas.name': attempt.function,
    'faas.version': attempt.version,
    'faas.invocation_id': attempt.runId,
    'faas.trigger': attempt.mode === 'sync' ? 'http' : attempt.source === 'schedule' ? 'timer' : 'pubsub',
    ...(timings === null ? {} : { 'faas.coldstart': timings.cold !== null }),
    'laneway.lane': attempt.lane,
    'laneway.mode': attempt.mode,
    'laneway.source': attempt.source,
    'laneway.attempt': attempt.attempt,
    'laneway.state': attempt.state,
    ...(runtime === null ? {} : { 'laneway.runtime': runtime }),
    ...(isolation === null ? {} : { 'laneway.isolation': isolation }),
    ...(reason === null ? {} : { 'laneway.reason': reason, 'error.type': reason }),
    ...(exitCode === null ? {} : { 'process.exit.code': exitCode }),
  };
}

/** A function that failed is an error; one that was cancelled, or did well, leaves it to others to say so. */
function statusOf({ reason, message }: EndedAttempt): SpanStatus {
  return reason === null ? unset : { code: SpanStatusCode.ERROR, message: (message ?? reason).slice(0, 500) };
}

interface SpanFacts extends Stage {
  resource: Resource;
  context: SpanContext;
  parent: SpanContext | null;
  kind: SpanKind;
  attributes: Attributes;
  status: SpanStatus;
  links: ReadableSpan['links'];
}

function span({ context, parent, from, ms, ...facts }: SpanFacts): ReadableSpan {
  return {
    ...facts,
    ...(parent === null ? {} : { parentSpanContext: parent }),
    spanContext: () => context,
    startTime: timeOf(from),
    endTime: timeOf(from + ms),
    duration: timeOf(ms),
    ended: true,
    events: [],
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Of a W3C trace context in the form of version 00. */
function contextOf(traceparent: string): SpanContext {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: parseInt(traceparent.slice(53, 55), 16),
  };
}

/** Seconds and nanoseconds; microseconds are as exact as it gets. */
function timeOf(ms: number): HrTime {
  const microseconds = Math.max(0, Math.round(ms * 1000));
  return [Math.floor(microseconds / 1_000_000), (microseconds % 1_000_000) * 1000];
}
