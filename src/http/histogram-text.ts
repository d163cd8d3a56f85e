import { type TimeHistogram, timeBounds } from '../runs/time-histogram.js';

export interface HistogramAnswer {
  name: string;
  help: string;
  /** One, or one for each value of a label. */
  series: readonly { label?: readonly [name: string, value: string]; times: TimeHistogram }[];
}

/** A histogram that is counted elsewhere, in seconds and in the text format: prom-client's own would have to see every run. */
export function histogramText({ name, help, series }: HistogramAnswer): string {
  const lines = series.flatMap(({ label, times }) =>
    seriesLines(name, label === undefined ? '' : `${label[0]}="${label[1]}"`, times),
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n');
}

function seriesLines(name: string, label: string, { counts, sum, count }: TimeHistogram): string[] {
  const first = label === '' ? '' : `${label},`;
  const alone = label === '' ? '' : `{${label}}`;
  let atMost = 0;
  const buckets = timeBounds.map((bound, index) => {
    atMost += counts[index]!;
    return `${name}_bucket{${first}le="${bound / 1000}"} ${atMost}`;
  });
  return [
    ...buckets,
    `${name}_bucket{${first}le="+Inf"} ${count}`,
    `${name}_sum${alone} ${sum / 1000}`,
    `${name}_count${alone} ${count}`,
  ];
}
