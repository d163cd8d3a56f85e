/** One line of the table. A ratio is against a peer measured in the same run; above 1 is better than the peer for rates. */
export interface Row {
  what: string;
  /** The figure with its unit. */
  measured: number;
  unit: '1/s' | 'ms' | 'MiB';
  p50?: number;
  p95?: number;
  p99?: number;
  /** Against which peer, and how. */
  peer?: string;
  ratio?: number;
  /** The limit, as `>= 0.85` of the ratio or `<= 2.5` of the figure. */
  target?: string;
  reached?: boolean;
}

/** A row with its target judged: `ratio` or `measured` against a bound. */
export function judged(row: Row, judge: { of: 'ratio' | 'measured'; atLeast?: number; atMost?: number }): Row {
  const value = row[judge.of];
  const { atLeast, atMost } = judge;
  const target = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const reached = value !== undefined && (atLeast === undefined ? value <= atMost! : value >= atLeast);
  return { ...row, target: `${judge.of === 'ratio' ? 'ratio ' : ''}${target}`, reached };
}
