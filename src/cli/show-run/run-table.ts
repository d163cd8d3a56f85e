import type { RunView } from '../../contract/api/runs.js';
import { tableOf } from '../table.js';

/** Runs one below the other. */
export function runTable(runs: readonly RunView[]): string {
  const rows = runs.map((run) => [
    run.id,
    run.function,
    run.lane,
    run.version,
    run.reason === null ? run.state : `${run.state} (${run.reason})`,
    String(run.attempt),
    run.created_at.replace(/\.\d+Z$/, 'Z'),
  ]);
  return tableOf(['RUN', 'FUNCTION', 'LANE', 'VERSION', 'STATE', 'ATTEMPTS', 'CREATED'], rows);
}
