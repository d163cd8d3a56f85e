import type { Row } from './row.js';

const heads = ['work', 'ratio', 'peer', 'measured', 'p50 ms', 'p95 ms', 'p99 ms', 'target', ''];

/** The table as text, ratios first. */
export function table(rows: readonly Row[]): string {
  const lines = [heads, ...rows.map(cells)];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(row: Row): string[] {
  const number = (value: number | undefined) => (value === undefined ? '' : value >= 100 ? value.toFixed(0) : value.toFixed(3));
  const verdict = row.reached === undefined ? '' : row.reached ? 'reached' : 'not reached';
  return [
    row.what,
    row.ratio === undefined ? '' : row.ratio.toFixed(2),
    row.peer ?? '',
    `${number(row.measured)} ${row.unit}`,
    number(row.p50),
    number(row.p95),
    number(row.p99),
    row.target ?? '',
    verdict,
  ];
}
