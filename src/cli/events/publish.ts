import type { PublishedView } from '../../contract/api/events.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readPayload } from '../read-payload.js';
import type { Session } from '../session.js';

interface PublishOptions {
  data?: string;
  idempotencyKey?: string;
}

/** Publishes an event and prints the runs it started. */
export async function run([name = '']: readonly string[], options: PublishOptions, session: Session): Promise<ExitCode> {
  const body = await readPayload(options.data);
  const client = await session.connect();
  const answer = await client.request<PublishedView>('POST', `/api/v1/events/${encodeURIComponent(name)}`, {
    ...(body === undefined ? {} : { body }),
    ...(options.idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': options.idempotencyKey } }),
  });
  if (session.json) session.print(JSON.stringify(answer));
  for (const { run_id: id, function: name, lane } of session.json ? [] : answer.runs) session.print(`${id}  ${name}/${lane}`);
  for (const { function: name, lane, message } of answer.refused) session.note(`${name}/${lane} can not take it: ${message}`);
  session.note(`published event ${answer.event_id}; ${answer.runs.length} runs started`);
  return exitCode.ok;
}
