import type { Static } from 'typebox';
import type { LanewayClient } from '../client/laneway-client.js';
import type { BulkAnswer } from '../contract/api/runs.js';
import { CommandError, exitCode, type ExitCode } from './exit-code.js';
import type { Session } from './session.js';

export interface BulkOptions {
  function?: string;
  lane?: string;
  all?: boolean;
}

type Answer = Static<typeof BulkAnswer>;

/** Whether a command is for one run, or for all that fit. Throws when it does not say which, or says both. */
export function isForAll(id: string | undefined, options: BulkOptions): boolean {
  const { function: name, lane, all } = options;
  if (id !== undefined && all === undefined && name === undefined && lane === undefined) return false;
  if (id === undefined && all === true && name !== undefined) return true;
  throw new CommandError(
    exitCode.usage,
    'it is not clear which runs are meant',
    'give the id of one run, or --function NAME (and --lane LANE) together with --all',
  );
}

/** Asks again as long as the server has more that fit; what it refused once is refused for this time. */
export async function doAll(client: LanewayClient, path: string, body: object): Promise<Answer> {
  const problems = new Map<string, string>();
  let done = 0;
  for (;;) {
    const answer = await client.request<Answer>('POST', path, { body: JSON.stringify(body) });
    done += answer.done;
    for (const { id, problem } of answer.refused) problems.set(id, problem);
    if (answer.more && answer.done > 0) continue;
    return { done, refused: [...problems].map(([id, problem]) => ({ id, problem })), more: answer.more };
  }
}

/** Fails when something was refused. `did` is such as "cancelled". */
export function tellAll(session: Session, did: string, answer: Answer): ExitCode {
  session.print(session.json ? JSON.stringify(answer) : `${did} ${answer.done}`);
  for (const { id, problem } of answer.refused.slice(0, 20)) session.note(`${id}: ${problem}`);
  if (answer.refused.length > 20) session.note(`and ${answer.refused.length - 20} more that were refused`);
  if (answer.more) session.note('there are more: ask again');
  return answer.refused.length === 0 && !answer.more ? exitCode.ok : exitCode.failed;
}
