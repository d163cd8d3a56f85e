import { alignColumns } from './align-columns.js';
import type { Line, Row } from './row.js';

/** Of a row that does not say how far its rounds lay apart. */
const usualSpread = 0.1;
/** Rounds that lie close together by chance do not make a figure this exact. */
const leastSpread = 0.03;

const heads = ['work', 'before', 'now', 'change', 'ratio before', 'ratio now', 'change', 'CPU change', ''];

/**
 * How each row changed against an earlier run. `worse` or `better` is said when the change is more than the rounds of the
 * noisier run lay apart: of the ratio, which the machine's speed is taken out of, else of the figure.
 */
export function compareLines(before: readonly Line[], now: readonly Line[]): string {
  const known = new Map(before.map((line) => [line.what, line]));
  return alignColumns([heads, ...now.map((line) => cells(known.get(line.what), line))]);
}

function cells(before: Line | undefined, now: Line): string[] {
  const was = before !== undefined && 'measured' in before ? before : null;
  if (!('measured' in now)) return [now.what, was === null ? '' : figure(was), '', '', '', '', '', '', 'not measured now'];
  if (was === null) return [now.what, '', figure(now), '', '', ratio(now), '', '', 'new'];
  return [
    now.what,
    figure(was),
    figure(now),
    percent(now.measured / was.measured - 1),
    ratio(was),
    ratio(now),
    hasRatios(was, now) ? percent(now.ratio! / was.ratio! - 1) : '',
    was.cpuUs === undefined || now.cpuUs === undefined ? '' : percent(now.cpuUs / was.cpuUs - 1),
    verdict(was, now),
  ];
}

function verdict(before: Row, now: Row): string {
  const ratios = hasRatios(before, now);
  const change = ratios ? now.ratio! / before.ratio! - 1 : now.measured / before.measured - 1;
  const noise = Math.max(leastSpread, before.spread ?? usualSpread, now.spread ?? usualSpread);
  // Not a number: from nothing to nothing.
  if (!(Math.abs(change) > noise)) return '';
  return change > 0 === (now.unit === '1/s') ? 'better' : 'WORSE';
}

function hasRatios(before: Row, now: Row): boolean {
  return before.ratio !== undefined && now.ratio !== undefined && before.peer === now.peer;
}

function figure({ measured, unit }: Row): string {
  return `${Math.abs(measured) >= 100 ? measured.toFixed(0) : measured.toFixed(3)} ${unit}`;
}

function ratio(row: Row): string {
  return row.ratio === undefined ? '' : row.ratio.toFixed(2);
}

function percent(change: number): string {
  return Number.isFinite(change) ? `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)}%` : '';
}
