import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayUse } from '../../access/scopes.js';
import type { Principal } from '../../contract/principal.js';
import type { RunFilter, RunRecord } from '../../contract/records.js';
import { runStates } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import { describeCancelled, describeNothingToCancel, describeRun, describeUnknown } from './describe-run.js';
import type { SharpFaasParts } from './parts.js';
import { sendProblems } from './problem.js';
import { Parameters } from './read-parameters.js';
import { sendText } from './send-text.js';

/** What an absent GUID is in .NET. */
const noId = '00000000-0000-0000-0000-000000000000';
const activeForMs = 15 * 60_000;
/** bounded: the answer has no pages. */
const maxListed = 1000;
const pageRows = 500;

/** GET CheckFunction: one run, as often as asked for while it is kept. */
export async function checkFunction(request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts): Promise<FastifyReply> {
  const principal = parts.authorize(request, 'read');
  const parameters = new Parameters(request.url);
  const id = readId(parameters);
  if (parameters.problems.any) return sendProblems(reply, parameters.problems);
  const run = await find(id, principal, parts);
  return run === null
    ? sendText(request, reply, { status: 404, text: JSON.stringify(describeUnknown(id)) })
    : sendText(request, reply, { status: 200, text: JSON.stringify(describeRun(run)) });
}

/** GET GetActiveFunctions: queued runs that are open, and those that ended in the last 15 minutes; the newest thousand of each. */
export async function getActiveFunctions(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SharpFaasParts,
): Promise<FastifyReply> {
  const principal = parts.authorize(request, 'read');
  const isOpen = (state: string) => state === 'queued' || state === 'running';
  const open = await list({ states: runStates.filter(isOpen) }, principal, parts);
  const ended = await list(
    { states: runStates.filter((state) => !isOpen(state)), openOrEndedFrom: Date.now() - activeForMs },
    principal,
    parts,
  );
  return sendText(request, reply, { status: 200, text: JSON.stringify([...open, ...ended].map(describeRun)) });
}

/** PUT CancelFunction: cancels, and tells how the run stands then. */
export async function cancelFunction(request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts): Promise<FastifyReply> {
  const principal = parts.authorize(request, 'run');
  const parameters = new Parameters(request.url);
  const id = readId(parameters);
  if (parameters.problems.any) return sendProblems(reply, parameters.problems);
  const run = await cancel(id, principal, parts);
  const answer = run === null ? describeNothingToCancel(id) : describeCancelled(run);
  return sendText(request, reply, { status: 200, text: JSON.stringify(answer) });
}

/** An id that is absent is the one of zeros, which no run is found by; a blank one is a problem. */
function readId(parameters: Parameters): string {
  if (parameters.given('instanceId')?.trim() === '') parameters.problems.blank('instanceId');
  return parameters.guid('instanceId') ?? noId;
}

/** Null as well when the run is not this caller's business. */
async function find(id: string, principal: Principal, { runs }: SharpFaasParts): Promise<RunRecord | null> {
  try {
    const run = await runs.find.get(id);
    return mayUse(principal, run.function, run.lane) ? run : null;
  } catch (error) {
    if (error instanceof LanewayError && error.code === 'run_not_found') return null;
    throw error;
  }
}

async function cancel(id: string, principal: Principal, parts: SharpFaasParts): Promise<RunRecord | null> {
  const known = await find(id, principal, parts);
  // A sync run of another server is known to nobody here, so a caller bound to functions can not be let near it.
  const bound = principal.functions !== null || principal.lanes !== null;
  if (known === null && bound) return null;
  try {
    return known !== null && known.endedAt !== null ? known : await parts.runs.cancel(id);
  } catch (error) {
    if (!(error instanceof LanewayError)) throw error;
    if (error.code === 'run_ended') return find(id, principal, parts);
    if (error.code === 'run_not_found') return null;
    throw error;
  }
}

async function list(filter: RunFilter, principal: Principal, { runs }: SharpFaasParts): Promise<RunRecord[]> {
  const listed: RunRecord[] = [];
  let after: { createdAt: number; id: string } | null = null;
  for (;;) {
    const page: RunRecord[] = await runs.find.list({ ...filter, mode: 'queued' }, pageRows, after);
    listed.push(...page.filter((run) => mayUse(principal, run.function, run.lane)));
    after = page.at(-1) ?? null;
    if (page.length < pageRows || listed.length >= maxListed) return listed.slice(0, maxListed);
  }
}
