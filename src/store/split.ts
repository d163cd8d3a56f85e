import type { LaneRecord } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import { parseVersion } from './version.js';

const partsAtMost = 20;

/** Checks the parts of a weighted split: at least two different versions, whole percents above 0 that add up to 100. */
export function readSplit(parts: readonly { version: string; weight: number }[]): NonNullable<LaneRecord['split']> {
  if (parts.length < 2 || parts.length > partsAtMost) refuse(`it needs 2 to ${partsAtMost} parts, not ${parts.length}`);
  const split = parts.map(({ version, weight }) => {
    const number = parseVersion(version);
    if (number === null) throw new LanewayError('version_invalid', { value: version });
    if (!Number.isInteger(weight) || weight < 1) refuse(`weight ${weight} of ${version} is not a whole number above 0`);
    return { ...number, weight };
  });
  if (new Set(parts.map((part) => part.version)).size !== parts.length) refuse('a version is named twice');
  const total = split.reduce((sum, part) => sum + part.weight, 0);
  if (total !== 100) refuse(`its weights add up to ${total}, not to 100`);
  return split;
}

function refuse(problem: string): never {
  throw new LanewayError('split_invalid', { problem });
}
