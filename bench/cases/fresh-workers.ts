import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { echoFiles, type EchoKind } from '../echo.js';
import { startLaneway, whyNot } from '../laneway.js';
import { beside, judged, roundsRow, type Absence, type Line, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';
import { load } from '../wrk.js';

/** As many at once as keep both processors busy. */
const atOnce = 4;
const seconds = 2;

const machine = { threads: 'bare threads', children: 'bare child processes', confined: 'bare child processes in bubblewrap' };

type FreshKind = Exclude<EchoKind, 'python'>;

/** Each with its like first: that is the one its target is about. */
const besideWhom: Record<FreshKind, (keyof typeof machine)[]> = {
  thread: ['threads'],
  process: ['children'],
  confined: ['confined', 'children'],
};

/** Runs that each get a worker of their own, beside what the machine gives when workers are started and nothing else is done. */
export async function freshWorkers({ rounds }: Pace): Promise<Line[]> {
  const laneway = await startLaneway();
  const absent: Absence[] = [];
  try {
    const measured: Record<string, () => Promise<number>> = {};
    for (const manner of Object.keys(machine) as (keyof typeof machine)[]) {
      const reason = await machineRate(manner, 0.1).then(
        () => null,
        (error: Error) => error.message,
      );
      if (reason === null) measured[manner] = () => machineRate(manner, seconds);
      else absent.push({ what: `${machine[manner]}, started and answered`, absent: reason });
    }
    for (const kind of Object.keys(besideWhom) as FreshKind[]) {
      const reason = await whyNot(laneway, kind, { fresh: true });
      if (reason !== null) {
        absent.push({ what: `fresh worker for every call, ${kind}`, absent: reason });
        continue;
      }
      await laneway.push(`fresh-${kind}`, echoFiles(kind, { fresh: true }));
      const url = `${laneway.url}/function/fresh-${kind}`;
      const headers = { 'content-type': 'application/json', ...laneway.headers };
      measured[`fresh ${kind}`] = async () =>
        (await load({ url, connections: atOnce, seconds, headers, body: '{"n":1}' })).perSecond;
    }
    return [...rowsOf(await inTurns(rounds, measured)), ...absent];
  } finally {
    await laneway.stop();
  }
}

async function machineRate(manner: keyof typeof machine, seconds: number): Promise<number> {
  const file = new URL('../peers/bare-workers.js', import.meta.url).pathname;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file, manner, String(atOnce), String(seconds)]);
    return Number(/^rate (\S+)/m.exec(stdout)![1]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(/^Error: (.*)/m.exec(stderr ?? '')?.[1] ?? String(error), { cause: error });
  }
}

function rowsOf(results: Record<string, number[]>): Row[] {
  const rows: Row[] = [];
  for (const [manner, name] of Object.entries(machine)) {
    const rates = results[manner];
    if (rates !== undefined) rows.push(roundsRow(`${name}, started and answered`, '1/s', rates));
  }
  for (const [kind, peers] of Object.entries(besideWhom)) {
    const own = results[`fresh ${kind}`];
    if (own === undefined) continue;
    const row = roundsRow(`fresh worker for every call, ${kind}`, '1/s', own);
    peers.forEach((peer, index) => {
      const other = results[peer];
      if (other === undefined) return;
      const what = index === 0 ? row.what : `${row.what}, beside ${machine[peer]}`;
      const shown = beside({ ...row, what }, machine[peer], { own, other });
      rows.push(index === 0 ? judged(shown, { of: 'ratio', atLeast: 0.9 }) : shown);
    });
  }
  return rows;
}
