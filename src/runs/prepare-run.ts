import type { FunctionStore } from '../contract/store.js';
import { LanewayError } from '../errors.js';
import { chooseEntry } from './choose-entry.js';
import { chooseIsolation, type IsolationPolicy } from './choose-isolation.js';
import { newRunId } from './run-id.js';
import type { PreparedRun, RunRequest } from './run-request.js';

export interface PreparePolicy {
  isolation: IsolationPolicy;
  /** For functions whose manifest names no time. */
  defaultTimeoutMs: number;
}

/**
 * Decides version, entry, isolation and time of a run, once, when it is accepted.
 * Rejects with the refusals of the store, `entry_missing` and `payload_invalid`.
 */
export async function prepareRun(
  request: RunRequest,
  maxTimeoutMs: number,
  { store, policy }: { store: FunctionStore; policy: PreparePolicy },
): Promise<PreparedRun> {
  refuseWhatIsNotJson(request.payload);
  const resolved = store.resolve(request.function, request.lane, request.version);
  const deployed = store.deployed(resolved instanceof Promise ? await resolved : resolved);
  const version = deployed instanceof Promise ? await deployed : deployed;
  const entry = chooseEntry(version, request.entryFile, request.type);
  const wanted = request.timeoutMs ?? version.manifest.timeout_ms ?? policy.defaultTimeoutMs;
  return {
    id: request.id ?? newRunId(),
    request,
    version,
    entry,
    isolation: chooseIsolation(version.manifest, entry.runtime, policy.isolation),
    timeoutMs: Math.min(wanted, maxTimeoutMs),
  };
}

/** Parsing more than this on the request path would hold up other requests; the function's own side parses it anyway. */
const checkedHereBytes = 256 * 1024;

/** Throws `payload_invalid`. */
export function refuseWhatIsNotJson(payload: string | null): void {
  if (payload === null || payload.length > checkedHereBytes) return;
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new LanewayError('payload_invalid', { problem: (error as Error).message }, { cause: error });
  }
}
