import type { FromWorker, RunMessage } from '../messages.js';
import { longestText } from './ring.js';

/**
 * The two messages of every run as texts for a ring: what is the same for most runs costs next to nothing. The fields never
 * hold a tab or a line break; what might is JSON.
 */

/** A run, if its data is short enough for a ring; what does not fit into a text is the caller's to send by another way. */
export function writeRun({ run, runId, attempt, deadline, traceparent, data, ...rest }: RunMessage): string {
  return `${run}\t${runId}\t${attempt}\t${deadline}\t${traceparent ?? ''}\t${writeRest(rest)}\n${data === null ? '' : `=${data}`}`;
}

/** Leaves room for the fields. */
export function isShortRun(data: string | null): boolean {
  return data === null || data.length <= longestText / 2;
}

export function readRun(text: string): RunMessage {
  const line = text.indexOf('\n');
  const [run, runId, attempt, deadline, traceparent, rest] = text.slice(0, line).split('\t') as Fields;
  return {
    type: 'run',
    run: Number(run),
    runId,
    attempt: Number(attempt),
    deadline: Number(deadline),
    traceparent: traceparent === '' ? null : traceparent,
    data: text.length === line + 1 ? null : text.slice(line + 2),
    ...(rest === '' ? noRest() : (JSON.parse(rest) as Rest)),
  };
}

/** A result as most are; null when it has to go by another way. */
export function writeResult(message: FromWorker): string | null {
  if (message.type !== 'result' || message.data === null || message.children || message.ms === undefined) return null;
  return `${message.run}\t${message.ms}\t${message.data}`;
}

export function readResult(text: string): FromWorker {
  const first = text.indexOf('\t');
  const second = text.indexOf('\t', first + 1);
  const run = Number(text.slice(0, first));
  const ms = Number(text.slice(first + 1, second));
  return { type: 'result', run, ms, data: text.slice(second + 1), children: false };
}

type Fields = [run: string, runId: string, attempt: string, deadline: string, traceparent: string, rest: string];
type Rest = Pick<RunMessage, 'callerId' | 'headers' | 'parameters' | 'url'>;

function writeRest({ callerId, headers, parameters, url }: Rest): string {
  if (callerId === null && url === '' && isEmpty(headers) && isEmpty(parameters)) return '';
  return JSON.stringify({ callerId, headers, parameters, url });
}

function noRest(): Rest {
  return { callerId: null, headers: {}, parameters: {}, url: '' };
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}
