import type { Logger } from 'pino';
import type { RunRecord } from '../contract/records.js';

type Logged = Pick<
  RunRecord,
  'id' | 'callerId' | 'function' | 'lane' | 'version' | 'type' | 'source' | 'state' | 'reason' | 'message' | 'timings'
>;

/** What every log line about a run carries; never payloads, results or headers. */
export function runFields(
  run: Pick<Logged, 'id' | 'callerId' | 'function' | 'lane' | 'version' | 'type'>,
): Record<string, unknown> {
  return { runId: run.id, callerId: run.callerId, function: run.function, lane: run.lane, version: run.version, type: run.type };
}

/** One line per end: quiet for a sync run that went well, since there may be tens of thousands a second. */
export function logEnd(log: Logger, run: Logged & { mode?: 'queued' | 'sync' }): void {
  const level = run.state === 'failed' ? 'warn' : run.mode === 'queued' ? 'info' : 'debug';
  if (!log.isLevelEnabled(level)) return;
  const fields = { ...runFields(run), source: run.source, state: run.state, reason: run.reason, timings: run.timings };
  log[level](fields, run.message === null ? `run ${run.state}` : `run ${run.state}: ${run.message.slice(0, 500)}`);
}
