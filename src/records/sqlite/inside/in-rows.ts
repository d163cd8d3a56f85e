import type { Value } from '../messages.js';

/** Values that came flat, as rows of so many. */
export function inRows(values: readonly Value[], width: number): Value[][] {
  const rows: Value[][] = [];
  for (let at = 0; at < values.length; at += width) rows.push(values.slice(at, at + width));
  return rows;
}
