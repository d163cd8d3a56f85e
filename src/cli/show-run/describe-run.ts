import type { RunView } from '../../contract/api/runs.js';
import type { Destination } from '../../contract/run-policy.js';
import { timingLines } from './timing-lines.js';

/** All that is worth telling a person of a run. */
export function describeRun(run: RunView): string {
  const facts: [head: string, text: string | null][] = [
    ['run', run.id],
    ['function', `${run.function} ${run.version}, lane ${run.lane}`],
    ['mode', `${run.mode}, by ${run.source}${run.isolation === null ? '' : `, isolation ${run.isolation}`}`],
    ['state', stateText(run)],
    ['message', run.message],
    ['attempts', attemptsText(run)],
    ['created', run.created_at],
    ['due', run.state === 'queued' ? run.due_at : null],
    ['expires', run.state === 'queued' ? run.expires_at : null],
    ['started', run.started_at],
    ['ended', run.ended_at],
    ['letter', deadLetterText(run)],
    ['told', toldText(run)],
    ['schedule', run.schedule_id],
    ['trace', run.traceparent],
  ];
  const lines = facts.filter(([, text]) => text !== null).map(([head, text]) => `${head.padEnd(9)} ${text}`);
  return [...lines, ...timingLines(run)].join('\n');
}

function stateText({ state, reason, exit_code: exitCode }: RunView): string {
  return `${state}${reason === null ? '' : `: ${reason}`}${exitCode === null ? '' : `, exit code ${exitCode}`}`;
}

function attemptsText({ mode, attempt, failures, server_deaths: deaths, retries }: RunView): string | null {
  if (mode === 'sync') return null;
  const allowed = typeof retries === 'object' && retries?.attempts !== undefined ? ` of ${retries.attempts}` : '';
  const died = deaths === 0 ? '' : `, ${deaths} lost with ${deaths === 1 ? 'its server' : 'their servers'}`;
  return `${attempt}${allowed}, ${failures} failed and repeated${died}`;
}

/** Where its dead letter went, or what it was made from. */
function deadLetterText(run: RunView): string | null {
  if (run.dead_letter) return `a dead letter: \`fas dead-letters redrive ${run.id}\` starts it anew`;
  if (run.redriven_as !== null) return `was a dead letter, redriven as run ${run.redriven_as}`;
  return run.redrive_of === null ? null : `redrives the dead letter of run ${run.redrive_of}`;
}

/** Who is told of its end, and whether that worked. */
function toldText({ delivery, state, on_success: onSuccess, on_failure: onFailure }: RunView): string | null {
  if (delivery === null) return null;
  const destination = state === 'succeeded' ? onSuccess : onFailure;
  const whom = destination === null ? '' : `${destinationText(destination)}: `;
  const tries = delivery.attempts === 1 ? '1 try' : `${delivery.attempts} tries`;
  return `${whom}${delivery.state} after ${tries}${delivery.problem === null ? '' : ` (${delivery.problem})`}`;
}

function destinationText(destination: Destination): string {
  if ('function' in destination) return `function ${destination.function}, lane ${destination.lane ?? 'latest'}`;
  return 'webhook' in destination ? `webhook ${destination.webhook}` : `event ${destination.event}`;
}
