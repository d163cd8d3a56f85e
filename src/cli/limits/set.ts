import type { LimitView } from '../../contract/api/limits.js';
import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import { readDuration } from '../read-duration.js';
import { readWholeNumber } from '../read-whole-number.js';
import type { Session } from '../session.js';
import { limitsPath, nameOf } from './limits-path.js';

interface SetOptions {
  lane?: string;
  maxRunning?: string;
  maxQueued?: string;
  expiresAfter?: string;
}

/** Sets the limits of a function or lane; they replace the ones before. */
export async function run([name = '']: readonly string[], options: SetOptions, session: Session): Promise<ExitCode> {
  const limits = {
    max_running: readWholeNumber(options.maxRunning, '--max-running'),
    max_queued: readWholeNumber(options.maxQueued, '--max-queued'),
    expires_after_ms: options.expiresAfter === undefined ? undefined : readDuration(options.expiresAfter),
  };
  if (Object.values(limits).every((limit) => limit === undefined)) {
    throw new CommandError(
      exitCode.usage,
      'there is nothing to set',
      'give --max-running, --max-queued or --expires-after; `fas limits remove` takes limits away',
    );
  }
  const client = await session.connect();
  const set = await client.request<LimitView>('PUT', limitsPath(name, options.lane), { body: JSON.stringify(limits) });
  session.print(session.json ? JSON.stringify(set) : `limits of ${nameOf(name, options.lane)} are set`);
  return exitCode.ok;
}
