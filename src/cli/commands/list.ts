import type { LaneState } from '../../contract/api/functions.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { tableOf } from '../table.js';

/** Lists functions with their lanes, or the lanes of one function with what is current in them. */
export async function run([name]: readonly string[], _options: object, session: Session): Promise<ExitCode> {
  const client = await session.connect();
  if (name === undefined) {
    const answer = await client.request<{ functions: { name: string; lanes: string[] }[] }>('GET', '/api/v1/functions');
    const rows = answer.functions.map((each) => [each.name, each.lanes.join(', ')]);
    session.print(session.json ? JSON.stringify(answer) : tableOf(['FUNCTION', 'LANES'], rows));
    if (rows.length === 0) session.note('no functions yet: push one with `fas push FOLDER`');
    return exitCode.ok;
  }
  const answer = await client.request<{ lanes: LaneState[] }>('GET', `/api/v1/functions/${encodeURIComponent(name)}`);
  const rows = answer.lanes.map((lane) => [
    lane.lane,
    lane.current ?? '-',
    lane.pin ?? '-',
    splitText(lane),
    String(lane.versions),
  ]);
  session.print(session.json ? JSON.stringify(answer) : tableOf(['LANE', 'CURRENT', 'PIN', 'SPLIT', 'VERSIONS'], rows));
  return exitCode.ok;
}

function splitText({ split }: LaneState): string {
  return split === null ? '-' : split.map(({ version, weight }) => `${version} ${weight}%`).join(', ');
}
