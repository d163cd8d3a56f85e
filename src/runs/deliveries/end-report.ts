import type { RunRecord, RunRecords } from '../../contract/records.js';
import { checkedJson } from '../checked-json.js';

/** Bodies above this are left out of the report: whoever needs them asks for them by the run's id. */
const maxBodyBytes = 256 * 1024;

/**
 * What is told of an ended run, as JSON text: what it was, how it ended, and its result, or the payload of one that did not
 * succeed. A body that is too large is left out, and its size is told instead.
 */
export async function endReport(run: RunRecord, runs: Pick<RunRecords, 'payload' | 'result'>): Promise<string> {
  const { id, function: name, lane, version, state, reason, message } = run;
  const head = JSON.stringify({ run_id: id, function: name, lane, version, state, reason, message });
  return `${head.slice(0, -1)},${await bodyOf(run, runs)}}`;
}

async function bodyOf(run: RunRecord, runs: Pick<RunRecords, 'payload' | 'result'>): Promise<string> {
  const field = run.state === 'succeeded' ? 'result' : 'payload';
  const bytes = field === 'result' ? run.resultBytes : run.payloadBytes;
  if (bytes > maxBodyBytes) return `"${field}_omitted_bytes":${bytes}`;
  // The text goes in as it is: reading it into values would round large numbers.
  return `"${field}":${checkedJson(await runs[field](run.id))}`;
}
