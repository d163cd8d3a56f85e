import { setTimeout as sleep } from 'node:timers/promises';
import { echoFiles, type EchoKind } from '../echo.js';
import { post, timePost } from '../http-post.js';
import { startLaneway, whyNot, type Laneway } from '../laneway.js';
import { startFunctionsFramework } from '../peers/functions-framework.js';
import { fromPackages } from '../peers/packages.js';
import { startWorkerd } from '../peers/workerd.js';
import { median } from '../percentile.js';
import { beside, judged, timesRow, type Absence, type Line, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';

const callsARound = 4;
const atMost: Record<EchoKind, number> = { thread: 2.5, process: 5, confined: 5, python: 6 };
const loading = 'workerd loading a worker';

/**
 * The first call of versions that were never loaded, whole HTTP on a kept connection, with a spare worker at hand; beside it
 * workerd loading a worker it has not seen, and functions-framework from its start to its first answer.
 */
export async function firstCalls({ rounds }: Pace): Promise<Line[]> {
  const laneway = await startLaneway();
  const absent: Absence[] = [];
  const workerd = await fromPackages(startWorkerd).catch((error: Error) => {
    absent.push({ what: loading, absent: error.message });
    return null;
  });
  try {
    const measured: Record<string, () => Promise<number[]>> = {};
    for (const kind of Object.keys(atMost) as EchoKind[]) {
      const reason = await whyNot(laneway, kind);
      if (reason === null) measured[kind] = timer((index) => firstCall(laneway, kind, index));
      else absent.push({ what: `first call, ${kind}`, absent: reason });
    }
    if (workerd !== null) measured[loading] = timer((index) => afterPause(workerd.echoUrl, `${workerd.url}/first/${index}`));
    const results = await inTurns(rounds, measured);
    const rows = Object.entries(results).map(([name, turns]) => rowOf(name, { turns, beside: results[loading] }));
    return [...rows, ...absent, await frameworkStart(rounds)];
  } finally {
    await Promise.all([laneway.stop(), workerd?.stop()]);
  }
}

/** A few times in a turn, counted through. */
function timer(call: (index: number) => Promise<number>): () => Promise<number[]> {
  let index = 0;
  return async () => {
    const times: number[] = [];
    for (let count = 0; count < callsARound; count += 1) times.push(await call((index += 1)));
    return times;
  };
}

async function firstCall(laneway: Laneway, kind: EchoKind, index: number): Promise<number> {
  const name = `first-${kind}-${index}`;
  await laneway.push(name, echoFiles(kind));
  return afterPause(`${laneway.url}/health`, `${laneway.url}/function/${name}`, laneway.headers);
}

/** A spare is started again after each use: a newcomer's first call does not follow the last one at once either. */
async function afterPause(openUrl: string, url: string, headers: Record<string, string> = {}): Promise<number> {
  await sleep(400);
  // The connection and the code of the way there are warm, whatever is answered.
  await post(openUrl, headers);
  return timePost(url, headers);
}

function rowOf(name: string, { turns, beside: others }: { turns: number[][]; beside: number[][] | undefined }): Row {
  if (name === loading) return timesRow(`first call, ${name}`, turns);
  const row = timesRow(`first call of a version never loaded, ${name}`, turns);
  const shown = others === undefined ? row : beside(row, loading, { own: turns.map(median), other: others.map(median) });
  return judged(shown, { of: 'measured', atMost: atMost[name as EchoKind] });
}

/** What a first call costs where a function is started for it. */
async function frameworkStart(rounds: number): Promise<Line> {
  const what = 'functions-framework, start to first answer';
  try {
    const times: number[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const peer = await fromPackages(startFunctionsFramework);
      times.push([peer.readyMs]);
      await peer.stop();
    }
    return timesRow(what, times);
  } catch (error) {
    return { what, absent: (error as Error).message };
  }
}
