import type { RunView } from '../../contract/api/runs.js';

const widestBar = 30;

/** Where the time of the latest attempt went, stage by stage, with a bar for each; nothing when that is not known (yet). */
export function timingLines({ timings, mode }: RunView): string[] {
  if (timings === null) return [];
  const start = timings.cold === null ? 'warm' : `cold: ${timings.cold}`;
  const stages: [name: string, ms: number | null][] = [
    ['waited in the queue', mode === 'queued' ? timings.queued_ms : null],
    ['fetched the version', timings.fetch_ms],
    ['waited for a worker', timings.wait_ms],
    [`started (${start})`, timings.start_ms],
    ['ran', timings.run_ms],
    ['recorded', timings.record_ms],
  ];
  const known = stages.flatMap(([name, ms]) => (ms === null ? [] : [{ name, ms, text: millisecondsText(ms) }]));
  const all = known.reduce((sum, { ms }) => sum + ms, 0);
  const nameWidth = Math.max(...known.map(({ name }) => name.length));
  const textWidth = Math.max(...known.map(({ text }) => text.length));
  return [
    'time      of the latest attempt',
    ...known.map(({ name, ms, text }) =>
      `  ${name.padEnd(nameWidth)}  ${text.padStart(textWidth)}  ${barOf(all === 0 ? 0 : ms / all)}`.trimEnd(),
    ),
  ];
}

function barOf(share: number): string {
  return '#'.repeat(Math.round(share * widestBar));
}

/** Three digits say enough. */
function millisecondsText(ms: number): string {
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}
