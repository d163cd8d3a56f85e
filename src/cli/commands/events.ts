import type { SubscriptionList } from '../../contract/api/events.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { tableOf } from '../table.js';

/** Lists which functions subscribe to which events. */
export async function run(_args: readonly string[], options: { event?: string }, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  const answer = await client.request<SubscriptionList>('GET', '/api/v1/events', { query: { event: options.event } });
  const rows = answer.subscriptions.map(({ pattern, function: name, lane, version }) => [pattern, name, lane, version]);
  session.print(session.json ? JSON.stringify(answer) : tableOf(['EVENT', 'FUNCTION', 'LANE', 'VERSION'], rows));
  if (rows.length === 0) session.note('nobody subscribes: name events in the `events` of a laneway.json and push it');
  return exitCode.ok;
}
