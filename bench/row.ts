import { median, percentile, spread } from './percentile.js';

/** One line of the table. */
export interface Row {
  /** Unlike that of every other row: an earlier file is compared by it. */
  what: string;
  /** The figure with its unit. */
  measured: number;
  unit: '1/s' | 'ms' | 'MiB' | 'KiB';
  p50?: number;
  p95?: number;
  p99?: number;
  /** Microseconds of processor time that the server and its children took for each call. */
  cpuUs?: number;
  /** Resident memory of the server and its children when the load ended, in MiB. */
  rssMb?: number;
  /** How far the rounds lay apart, as a share: of the ratio if there is one, else of the figure. */
  spread?: number;
  /** Against whom, measured in the same turns. */
  peer?: string;
  /** The figure divided by the peer's, or `of` divided by the peer's: for rates above 1 is better, for times and memory below. */
  ratio?: number;
  /** The limit, as `ratio >= 0.85`, `p50 <= 0.12` or `<= 2.5` of the figure. */
  target?: string;
  reached?: boolean;
}

/** What could not be measured here, with the reason instead of a figure. */
export interface Absence {
  what: string;
  absent: string;
}

export type Line = Row | Absence;

/** A row with its target judged: the ratio, the middle time or the figure against a bound. */
export function judged(row: Row, judge: { of: 'ratio' | 'measured' | 'p50'; atLeast?: number; atMost?: number }): Row {
  const value = row[judge.of];
  const { of, atLeast, atMost } = judge;
  const target = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const reached = value !== undefined && (atLeast === undefined ? value <= atMost! : value >= atLeast);
  return { ...row, target: `${of === 'measured' ? '' : `${of} `}${target}`, reached };
}

/** A row of single times in milliseconds, taken in rounds and told by the middle of all. */
export function timesRow(what: string, rounds: readonly (readonly number[])[]): Row {
  const times = rounds.flat();
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(times, share)) as [number, number, number];
  return { what, measured: p50, unit: 'ms', p50, p95, p99, ...spreadOf(rounds.map(median)) };
}

/** A row of figures, one a round, told by their middle. */
export function roundsRow(what: string, unit: Row['unit'], figures: readonly number[]): Row {
  return { what, measured: median(figures), unit, ...spreadOf(figures) };
}

/** A row beside a peer: each figure is divided by that of the same round, and the middle of these ratios counts. */
export function beside(row: Row, peer: string, { own, other }: { own: readonly number[]; other: readonly number[] }): Row {
  const ratios = own.map((value, round) => value / other[round]!);
  return { ...row, peer, ratio: median(ratios), ...spreadOf(ratios) };
}

/** One round alone says nothing of how calm the machine was. */
export function spreadOf(rounds: readonly number[]): { spread?: number } {
  return rounds.length > 1 ? { spread: spread(rounds) } : {};
}
