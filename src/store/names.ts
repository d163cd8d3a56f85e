import { functionNamePattern, laneNamePattern } from '../contract/words.js';
import { LanewayError } from '../errors.js';

const functionName = new RegExp(functionNamePattern);
const laneName = new RegExp(laneNamePattern);

export function isFunctionName(name: string): boolean {
  return functionName.test(name);
}

export function isLaneName(name: string): boolean {
  return laneName.test(name);
}

/** Names become folders: they are checked here again, whoever checked them before. */
export function refuseNames(name: string, lane?: string): void {
  if (!isFunctionName(name)) throw new LanewayError('function_name_invalid', { value: name });
  if (lane !== undefined && !isLaneName(lane)) throw new LanewayError('lane_name_invalid', { value: lane });
}
