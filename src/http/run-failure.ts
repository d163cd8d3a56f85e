import { LanewayError } from '../errors.js';
import type { SyncAnswer } from '../runs/sync-calls.js';

/** How a sync call that did not succeed is answered: 500 with its reason, 504 for a timeout. */
export function runFailure(runId: string, outcome: SyncAnswer['outcome'] & { ok: false }): LanewayError {
  const { reason, message, exitCode = null } = outcome;
  return new LanewayError(`run_${reason}`, { run_id: runId, reason, message, exit_code: exitCode });
}
