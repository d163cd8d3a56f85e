import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeMetrics } from '../../src/http/merge-metrics.js';

const text = (accepted: number, drift: number): string =>
  `# HELP laneway_runs_accepted_total Runs taken by this server.
# TYPE laneway_runs_accepted_total counter
laneway_runs_accepted_total{mode="sync"} ${accepted}
# HELP laneway_runs_drift Runs accepted less those in any state.
# TYPE laneway_runs_drift gauge
laneway_runs_drift ${drift}

# HELP laneway_run_seconds Time in the function.
# TYPE laneway_run_seconds histogram
laneway_run_seconds_bucket{le="+Inf"} ${accepted}
laneway_run_seconds_count ${accepted}
`;

test('each sample gets its process, what all share is told once, and who does not answer is named', () => {
  const merged = mergeMetrics([
    { number: 2, text: text(5, 0) },
    { number: 1, text: text(7, 9) },
    { number: 3, text: null },
  ]);
  assert.equal(
    merged,
    `# HELP laneway_runs_accepted_total Runs taken by this server.
# TYPE laneway_runs_accepted_total counter
laneway_runs_accepted_total{process="2",mode="sync"} 5
laneway_runs_accepted_total{process="1",mode="sync"} 7
# HELP laneway_runs_drift Runs accepted less those in any state.
# TYPE laneway_runs_drift gauge
laneway_runs_drift 0
# HELP laneway_run_seconds Time in the function.
# TYPE laneway_run_seconds histogram
laneway_run_seconds_bucket{process="2",le="+Inf"} 5
laneway_run_seconds_count{process="2"} 5
laneway_run_seconds_bucket{process="1",le="+Inf"} 7
laneway_run_seconds_count{process="1"} 7
# HELP laneway_process_up Whether a process of this server told its numbers.
# TYPE laneway_process_up gauge
laneway_process_up{process="1"} 1
laneway_process_up{process="2"} 1
laneway_process_up{process="3"} 0
`,
  );
});
