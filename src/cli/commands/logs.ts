import { followRun } from '../../client/follow-run.js';
import type { RunView } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

interface LogsOptions {
  follow?: boolean;
}

/** Prints a run's log so far, or until the run has ended. */
export async function run([id = '']: readonly string[], options: LogsOptions, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const path = `/api/v1/runs/${encodeURIComponent(id)}`;
  if (!options.follow) {
    const log = await client.text('GET', `${path}/log`);
    process.stdout.write(session.json ? `${JSON.stringify({ id, log })}\n` : log);
    return exitCode.ok;
  }
  // Asked first, so that an unknown run or an absent server is told at once.
  await client.request<RunView>('GET', path);
  const ended = await followRun(client, id, (event) => {
    if (session.json) session.print(JSON.stringify(event));
    else if (event.kind === 'log') process.stdout.write(event.text);
  });
  session.note(`run ${id} ${ended.state}${ended.reason ? ` (${ended.reason})` : ''}`);
  return exitCode.ok;
}
