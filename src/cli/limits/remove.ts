import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { limitsPath, nameOf } from './limits-path.js';

/** Takes the limits of a function or lane away. */
export async function run([name = '']: readonly string[], options: { lane?: string }, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  await client.text('DELETE', limitsPath(name, options.lane));
  const removed = { function: name, lane: options.lane ?? null };
  session.print(session.json ? JSON.stringify(removed) : `limits of ${nameOf(name, options.lane)} are removed`);
  return exitCode.ok;
}
