import { CommandError, exitCode } from './exit-code.js';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `5m`, `1h30m`, `2d`. */
export function readDuration(text: string): number {
  const pieces = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  if (pieces.length === 0 || pieces.map(([piece]) => piece).join('') !== text) {
    throw new CommandError(exitCode.usage, `${JSON.stringify(text)} is no duration`, 'write it like 30s, 5m, 1h30m or 2d');
  }
  return pieces.reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit!]!, 0);
}
