import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

export interface SpanFacts {
  name: string;
  kind: SpanKind;
  context: SpanContext;
  parent: SpanContext | null;
  /** Epoch milliseconds. */
  from: number;
  ms: number;
  attributes: Attributes;
  status: SpanStatus;
  links: Link[];
  resource: Resource;
}

const scope = { name: 'laneway' };

/** A span whose time is over before it is made. A class, so that all have one shape: there may be thousands a second. */
export class AttemptSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly links: Link[];
  readonly resource: Resource;
  readonly instrumentationScope = scope;
  readonly ended = true;
  readonly events: [] = [];
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: SpanContext;

  constructor(facts: SpanFacts) {
    this.#context = facts.context;
    this.name = facts.name;
    this.kind = facts.kind;
    if (facts.parent !== null) this.parentSpanContext = facts.parent;
    this.startTime = timeOf(facts.from);
    this.endTime = timeOf(facts.from + facts.ms);
    this.duration = timeOf(facts.ms);
    this.attributes = facts.attributes;
    this.status = facts.status;
    this.links = facts.links;
    this.resource = facts.resource;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}

/** Seconds and nanoseconds; microseconds are as exact as it gets. */
function timeOf(ms: number): HrTime {
  const microseconds = Math.max(0, Math.round(ms * 1000));
  return [Math.floor(microseconds / 1_000_000), (microseconds % 1_000_000) * 1000];
}
