import type { RunRecord } from '../contract/records.js';
import type { AttemptTracer } from '../contract/tracing.js';

export interface TracedAttempt {
  runId: string;
  attempt: number;
  /** W3C trace context of the caller, as it came. */
  caller: string | null;
}

/**
 * The W3C trace context that a function gets: the caller's trace, else the one that has the digits of the run's id, with the
 * attempt itself as the parent. Where no traces are exported nobody would find that parent: then the caller's stays.
 */
export function traceparentOf({ runId, attempt, caller }: TracedAttempt, tracer: AttemptTracer | null): string {
  if (tracer === null && caller !== null) return `00${caller.slice(2)}`;
  const traceId = caller === null ? traceIdOf(runId) : caller.slice(3, 35);
  return `00-${traceId}-${spanIdOf(runId, attempt)}-${tracer === null ? '00' : flagsFor(traceId, caller, tracer)}`;
}

/** The trace context for what follows from the end of a run: its last attempt is the parent. */
export function traceAfter(
  { id: runId, attempt, traceparent: caller }: Pick<RunRecord, 'id' | 'attempt' | 'traceparent'>,
  tracer: AttemptTracer | null,
): string | null {
  return attempt === 0 ? caller : traceparentOf({ runId, attempt, caller }, tracer);
}

/** The 32 digits of the id. All zeros are no trace, though they are a GUID. */
function traceIdOf(runId: string): string {
  const digits = runId.slice(0, 8) + runId.slice(9, 13) + runId.slice(14, 18) + runId.slice(19, 23) + runId.slice(24);
  return digits === noTrace ? someTrace : digits;
}

const noTrace = '0'.repeat(32);
const someTrace = `${'0'.repeat(31)}1`;

/**
 * 16 digits for one attempt of a run, the same wherever they are asked for: the id's two halves laid over each other, since
 * some makers of GUIDs change only one of them, and the attempt mixed in by factors that keep different numbers different.
 */
export function spanIdOf(runId: string, attempt: number): string {
  const high = Math.imul(wordAt(runId, 0, 8), 0x01000193) ^ wordAt(runId, 19, 28) ^ Math.imul(attempt - 1, 0x9e3779b1);
  const low = Math.imul(wordAt(runId, 9, 18), 0x85ebca6b) ^ wordAt(runId, 28, 36);
  return hexOf(high) + (high === 0 && low === 0 ? '00000001' : hexOf(low));
}

/** Eight digits of an id, dashes between them left out. Every call comes by here: this is a tenth of what parseInt takes. */
function wordAt(id: string, from: number, to: number): number {
  let word = 0;
  for (let index = from; index < to; index += 1) {
    const code = id.charCodeAt(index);
    if (code !== 0x2d) word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57);
  }
  return word;
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hexOf(word: number): string {
  return bytes[word >>> 24]! + bytes[(word >>> 16) & 0xff]! + bytes[(word >>> 8) & 0xff]! + bytes[word & 0xff]!;
}

/** As they came, but for the one that says whether the spans of this trace are exported. */
function flagsFor(traceId: string, caller: string | null, tracer: AttemptTracer): string {
  if (caller === null) return tracer.isSampled(traceId, null) ? '01' : '00';
  const flags = parseInt(caller.slice(53), 16);
  const sampled = tracer.isSampled(traceId, (flags & 1) === 1) ? 1 : 0;
  return ((flags & 0xfe) | sampled).toString(16).padStart(2, '0');
}
