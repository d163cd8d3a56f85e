import type { RunEventAnswer } from '../../client/answers.js';
import { followRun } from '../../client/follow-run.js';
import type { LanewayClient } from '../../client/laneway-client.js';
import type { RunView } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readWishes, type WishOptions } from '../queued-wishes.js';
import { readPayload } from '../read-payload.js';
import type { Session } from '../session.js';

interface RunOptions extends WishOptions {
  lane?: string;
  version?: string;
  payload?: string;
  wait?: boolean;
  stream?: boolean;
}

/** Queues a run and prints its id, or follows it to its end and prints its result. */
export async function run([name = '']: readonly string[], options: RunOptions, session: Session): Promise<ExitCode> {
  const wishes = readWishes(options);
  const payload = await readPayload(options.payload);
  const client = await session.connect();
  const { lane, version } = options;
  const fields = JSON.stringify({ function: name, lane, version, mode: 'queued', ...wishes });
  // The payload goes in as it was written: parsing would round large numbers.
  const body = payload === undefined ? fields : `${fields.slice(0, -1)},"payload":${payload}}`;
  const queued = await client.request<RunView>('POST', '/api/v1/runs', { body });
  if (!options.wait && !options.stream) {
    session.print(session.json ? JSON.stringify(queued) : queued.id);
    session.note(`queued ${queued.function} ${queued.version}; follow it with: fas logs ${queued.id} --follow`);
    return exitCode.ok;
  }
  return finish({ client, session, id: queued.id, stream: options.stream === true });
}

interface Following {
  client: LanewayClient;
  session: Session;
  id: string;
  stream: boolean;
}

async function finish({ client, session, id, stream }: Following): Promise<ExitCode> {
  const stopListening = session.onInterrupt(() => {
    session.note(`cancelling run ${id}`);
    client.request('POST', `/api/v1/runs/${id}/cancel`).catch((error: Error) => session.note(`not cancelled: ${error.message}`));
  });
  try {
    const ended = await followRun(client, id, (event) => stream && show(event, session));
    const result = ended.state === 'succeeded' ? (await client.text('GET', `/api/v1/runs/${id}/result`)) || 'null' : 'null';
    if (session.json) session.print(`${JSON.stringify(ended).slice(0, -1)},"result":${result}}`);
    else if (ended.state === 'succeeded') session.print(result);
    else
      session.note(
        `run ${id} ${ended.state}${ended.reason ? ` (${ended.reason})` : ''}${ended.message ? `: ${ended.message}` : ''}`,
      );
    return ended.state === 'succeeded' ? exitCode.ok : exitCode.failed;
  } finally {
    stopListening();
  }
}

function show(event: RunEventAnswer, session: Session): void {
  if (session.json) session.print(JSON.stringify(event));
  else if (event.kind === 'log') process.stderr.write(event.text);
  else if (event.kind === 'chunk') session.print(typeof event.data === 'string' ? event.data : JSON.stringify(event.data));
  else if (event.kind === 'progress') session.note(`${Math.round(event.fraction * 100)} % ${event.message}`);
}
