import { alignColumns } from './align-columns.js';
import type { Line, Row } from './row.js';

const heads = ['work', 'ratio', 'peer', 'measured', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU us', 'RSS MiB', 'spread', 'target', ''];

/** The table as text, ratios first. What could not be measured says why in place of a figure. */
export function table(lines: readonly Line[]): string {
  const rows = lines.filter((line) => 'measured' in line);
  const absences = lines.filter((line) => 'absent' in line).map(({ what, absent }) => `${what}: not measured here: ${absent}`);
  return [alignColumns([heads, ...rows.map(cells)]), ...absences].join('\n');
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
    row.cpuUs === undefined ? '' : row.cpuUs.toFixed(1),
    row.rssMb === undefined ? '' : row.rssMb.toFixed(0),
    row.spread === undefined ? '' : `${(row.spread * 100).toFixed(0)}%`,
    row.target ?? '',
    verdict,
  ];
}
