import type { DeployedVersion } from '../contract/executor.js';
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
 * Decides version, entry, isolation and time of a run, once, when it is accepted. At once when the version is known in
 * memory and on disk, as it is for every call but the first. Throws or rejects with the refusals of the store,
 * `entry_missing` and `payload_invalid`.
 */
export function prepareRun(
  request: RunRequest,
  maxTimeoutMs: number,
  { store, policy }: { store: FunctionStore; policy: PreparePolicy },
): PreparedRun | Promise<PreparedRun> {
  refuseWhatIsNotJson(request.payload);
  const begun = performance.now();
  const decide = (version: DeployedVersion) => decideRun(request, version, { maxTimeoutMs, policy });
  const decideFetched = (version: DeployedVersion) => ({ ...decide(version), fetchMs: millisecondsSince(begun) });
  const resolved = store.resolve(request.function, request.lane, request.version);
  if (resolved instanceof Promise) return resolved.then((found) => store.deployed(found)).then(decideFetched);
  const deployed = store.deployed(resolved);
  return deployed instanceof Promise ? deployed.then(decideFetched) : decide(deployed);
}

function decideRun(
  request: RunRequest,
  version: DeployedVersion,
  { maxTimeoutMs, policy }: { maxTimeoutMs: number; policy: PreparePolicy },
): PreparedRun {
  const entry = chooseEntry(version, request.entryFile, request.type);
  const wanted = request.timeoutMs ?? version.manifest.timeout_ms ?? policy.defaultTimeoutMs;
  return {
    id: request.id ?? newRunId(),
    request,
    version,
    entry,
    isolation: chooseIsolation(version.manifest, entry.runtime, policy.isolation),
    timeoutMs: Math.min(wanted, maxTimeoutMs),
    fetchMs: 0,
  };
}

/** With three digits behind the point: the rest is noise, and slow to write. */
export function millisecondsSince(begun: number): number {
  return Math.round((performance.now() - begun) * 1000) / 1000;
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
