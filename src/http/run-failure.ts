import type { RunRecord } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import type { SyncAnswer } from '../runs/sync-calls.js';

/** How a sync call that did not succeed is answered: 500 with its reason, 504 for a timeout. */
export function runFailure(runId: string, outcome: SyncAnswer['outcome'] & { ok: false }): LanewayError {
  const { reason, message, exitCode = null } = outcome;
  return new LanewayError(`run_${reason}`, { run_id: runId, reason, message, exit_code: exitCode });
}

/** As `runFailure`, for a queued run that has ended otherwise than well. */
export function endedFailure({ id, state, reason, message, exitCode }: RunRecord): LanewayError {
  const why = state === 'failed' && reason !== null ? reason : state === 'expired' ? 'expired' : 'cancelled';
  return new LanewayError(`run_${why}`, { run_id: id, reason: why, message, exit_code: exitCode });
}
