import type { ChaosReport } from './run-chaos.js';
import { endStates } from './history.js';

const shownOfAKind = 5;

/** The summary of a run, as text. */
export function describeReport(report: ChaosReport): string {
  const { options, violations, history, faults } = report;
  const queued = history.runs.filter(({ mode }) => mode === 'queued');
  const recorded = new Set(queued.map(({ id }) => id));
  const count = (name: string) => violations.filter((violation) => violation.name === name).length;
  const ends = endStates.map((state) => `${state} ${queued.filter((run) => run.state === state).length}`).join(', ');
  const unacknowledged = [...recorded].filter((id) => !history.acknowledged.has(id)).length;
  const refused = [...report.refused].map(([status, times]) => `${times} with ${status}`).join(', ');
  const kills = [...faults].sort(([a], [b]) => a.localeCompare(b));
  return [
    `mode ${options.mode}, seed ${options.seed}, lease ${options.leaseMs} ms`,
    `asked for ${report.asked}, acknowledged ${history.acknowledged.size}, accepted without the caller knowing ${unacknowledged}, ` +
      `refused ${refused === '' ? 0 : refused}, unanswered ${report.unanswered}`,
    `ended: ${ends}; open at once at most ${report.mostOpen}`,
    `attempts ${new Set(history.executions.map(({ runId, attempt }) => `${runId} ${attempt}`)).size}, moves ${history.moves.length}, ` +
      `starts of servers ${report.starts}`,
    'faults:',
    ...kills.map(([name, { done, missed }]) => `  ${name}: ${done}${missed > 0 ? `, not reached ${missed}` : ''}`),
    ...(report.leftOut.length === 0 ? [] : [`  not done for want of time: ${report.leftOut.join('; ')}`]),
    `fake ${count('fake accept')}, lost ${count('lost run')}, doubled ${count('double end')}, drift ${count('drift')}, ` +
      `overlaps ${count('second live attempt')} (and ${report.explainedOverlaps} while a lease could not be renewed)`,
    ...describeViolations(report),
  ].join('\n');
}

function describeViolations({ violations, folder }: ChaosReport): string[] {
  if (violations.length === 0) return ['no violation'];
  const names = [...new Set(violations.map(({ name }) => name))];
  return [
    `${violations.length} VIOLATIONS; all is left in ${folder}`,
    ...names.flatMap((name) => {
      const found = violations.filter((violation) => violation.name === name);
      const shown = found.slice(0, shownOfAKind).map(({ runId, problem }) => `  ${name}: ${runId ?? ''} ${problem}`);
      return found.length > shownOfAKind ? [...shown, `  ${name}: ${found.length - shownOfAKind} more`] : shown;
    }),
  ];
}
