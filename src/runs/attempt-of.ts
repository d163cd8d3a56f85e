import type { Attempt } from '../contract/executor.js';
import type { PreparedRun } from './run-request.js';

/** What the executor gets to carry one attempt of a prepared run out. */
export function attemptOf(prepared: PreparedRun, attempt: number, wait: Attempt['wait']): Attempt {
  const { id, request, version, entry, isolation, timeoutMs } = prepared;
  return {
    runId: id,
    attempt,
    version,
    entry,
    isolation,
    timeoutMs,
    wait,
    callerId: request.callerId,
    payload: request.payload,
    url: request.invocation.url,
    headers: request.invocation.headers,
    parameters: request.invocation.parameters,
  };
}
