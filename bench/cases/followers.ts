import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { echoFiles } from '../echo.js';
import { startLaneway, type Laneway } from '../laneway.js';
import { residentMb } from '../resident.js';
import { beside, judged, type Line } from '../row.js';
import { inTurns, type Pace } from '../turns.js';
import { load, loadRow, rates } from '../wrk.js';

const followers = 5000;
const runs = 500;
const connections = 32;
const anHour = 3_600_000;

/** Calls while 5,000 clients follow runs that do nothing yet, beside a server that nobody follows; and what a follower takes. */
export async function idleFollowers({ rounds }: Pace): Promise<Line[]> {
  const settings = { LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' };
  const [quiet, followed] = [await startLaneway(settings), await startLaneway(settings)];
  let stopFollowing = () => Promise.resolve();
  try {
    const call = (laneway: Laneway, seconds = 1) =>
      load({
        url: `${laneway.url}/function/echo`,
        pid: laneway.pid,
        connections,
        seconds,
        headers: { 'content-type': 'application/json', ...laneway.headers },
        body: '{"n":1}',
      });
    for (const laneway of [quiet, followed]) {
      await laneway.push('echo', echoFiles('thread', { concurrency: 2 }));
      await call(laneway, 2);
    }
    const waiting = await startLater(followed);
    await sleep(2000);
    const before = residentMb(followed.pid);
    stopFollowing = await follow(followed, waiting);
    await sleep(2000);
    const perFollower = ((residentMb(followed.pid) - before) * 1024) / followers;
    const results = await inTurns(rounds, { quiet: () => call(quiet), followed: () => call(followed) });
    const peer = 'sync call, thread, nobody follows';
    const row = beside(loadRow(`sync call, thread, ${followers} idle followers`, results.followed), peer, {
      own: rates(results.followed),
      other: rates(results.quiet),
    });
    return [
      { ...loadRow(peer, results.quiet), rssMb: residentMb(quiet.pid) },
      { ...judged(row, { of: 'ratio', atLeast: 0.9 }), rssMb: residentMb(followed.pid) },
      { what: 'memory of an idle follower', measured: perFollower, unit: 'KiB' },
    ];
  } finally {
    await stopFollowing();
    await Promise.all([quiet.stop(), followed.stop()]);
  }
}

/** Runs that are not due for an hour. */
async function startLater(laneway: Laneway): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < runs; index += 1) {
    const answer = await laneway.request('POST', '/api/v1/runs', { function: 'echo', mode: 'queued', delay_ms: anHour });
    if (answer.status !== 202) throw new Error(`a run was answered ${answer.status}`);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  return ids;
}

/** In a process of their own, so that they take nothing of this one. */
async function follow(laneway: Laneway, ids: string[]): Promise<() => Promise<void>> {
  const file = new URL('../clients/idle-followers.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, laneway.url, laneway.key, String(followers), ...ids], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const isFollowing = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isFollowing) throw new Error('the followers ended before all of them followed');
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}
