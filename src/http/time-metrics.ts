import type { RunTimes } from '../runs/run-times.js';
import { histogramText } from './histogram-text.js';

/** Where the time of attempts went, as histograms: the same stages as in the timings of a run. */
export function timeMetrics({ queued, fetch, wait, start, run, record }: RunTimes): string {
  return [
    histogramText({
      name: 'laneway_queued_seconds',
      help: 'Queued runs: from being due to being taken up.',
      series: [{ times: queued }],
    }),
    histogramText({
      name: 'laneway_fetch_seconds',
      help: "Until the version was on this server's disk, where it was not.",
      series: [{ times: fetch }],
    }),
    histogramText({ name: 'laneway_worker_wait_seconds', help: 'Until there was a worker.', series: [{ times: wait }] }),
    histogramText({
      name: 'laneway_cold_start_seconds',
      help: 'Until a new worker had loaded the version, by why there was no warm one.',
      series: Object.entries(start).map(([reason, times]) => ({ label: ['reason', reason], times })),
    }),
    histogramText({ name: 'laneway_run_seconds', help: 'Time in the function.', series: [{ times: run }] }),
    histogramText({
      name: 'laneway_record_seconds',
      help: 'Queued runs: until log and end were recorded.',
      series: [{ times: record }],
    }),
  ].join('');
}
