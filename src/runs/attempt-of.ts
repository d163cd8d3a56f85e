import type { Attempt } from '../contract/executor.js';
import type { Manifest } from '../contract/manifest.js';
import type { AttemptTracer } from '../contract/tracing.js';
import type { PreparedRun } from './run-request.js';
import { traceparentOf } from './trace-context.js';

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/** What the executor gets to carry one attempt of a prepared run out. */
export function attemptOf(
  prepared: PreparedRun,
  attempt: number,
  { wait, tracer }: { wait: Attempt['wait']; tracer: AttemptTracer | null },
): Attempt {
  const { id, request, version, entry, isolation, timeoutMs } = prepared;
  return {
    runId: id,
    attempt,
    version,
    entry,
    isolation,
    timeoutMs,
    traceparent: traceparentOf({ runId: id, attempt, caller: request.traceparent ?? null }, tracer),
    wait,
    callerId: request.callerId,
    payload: request.payload,
    url: request.invocation.url,
    headers: wantsHeaders(version.manifest) ? request.invocation.headers : noHeaders,
    parameters: request.invocation.parameters,
  };
}

/** Most functions see no headers at all, and cleaning them of credentials for each call is not free. */
function wantsHeaders({ payload, forward_headers: forwarded }: Manifest): boolean {
  return payload === 'envelope' || (forwarded !== undefined && forwarded.length > 0);
}
