import type { RunView } from '../../contract/api/runs.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { describeRun } from './describe-run.js';

/** Shows a run: how it went, where its time went, and what came after it. */
export async function run([id = '']: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const found = await client.request<RunView>('GET', `/api/v1/runs/${encodeURIComponent(id)}`);
  session.print(session.json ? JSON.stringify(found) : describeRun(found));
  return exitCode.ok;
}
