import { functionNamePattern, laneNamePattern } from '../contract/words.js';
import { LanewayError } from '../errors.js';
import { readRunId } from '../runs/run-id.js';

const functionName = new RegExp(functionNamePattern);
const laneName = new RegExp(laneNamePattern);

/** Throws `function_name_invalid`. */
export function requireFunctionName(value: string): void {
  if (!functionName.test(value)) throw new LanewayError('function_name_invalid', { value });
}

/** Throws `lane_name_invalid`. */
export function requireLaneName(value: string): void {
  if (!laneName.test(value)) throw new LanewayError('lane_name_invalid', { value });
}

/** The canonical form of a run's id; throws `run_id_invalid`. */
export function requireRunId(value: string): string {
  const id = readRunId(value);
  if (id === null) throw new LanewayError('run_id_invalid', { value });
  return id;
}
