import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLaneway, type Laneway } from '../laneway.js';
import { percentile } from '../percentile.js';
import { judged, type Row } from '../row.js';

const calls = 25;
const agent = new Agent({ keepAlive: true });

/** The first call of versions that were never loaded, whole HTTP on a kept connection, with a spare worker at hand. */
export async function firstCalls(): Promise<Row[]> {
  const laneway = await startLaneway();
  try {
    const rows: Row[] = [];
    for (const [isolation, atMost] of [
      ['thread', 2.5],
      ['process', 5],
    ] as const) {
      const times = await timesOf(laneway, isolation);
      const row: Row = {
        what: `first call of a version never loaded, ${isolation}`,
        measured: percentile(times, 0.5),
        unit: 'ms',
        p50: percentile(times, 0.5),
        p95: percentile(times, 0.95),
      };
      rows.push(judged(row, { of: 'measured', atMost }));
    }
    return rows;
  } finally {
    await laneway.stop();
  }
}

async function timesOf(laneway: Laneway, isolation: string): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    const name = `first-${isolation}-${index}`;
    await laneway.push(name, {
      'index.mjs': 'export default (payload) => payload;',
      'laneway.json': JSON.stringify({ isolation }),
    });
    // A spare is started again after each use: a newcomer's first call does not follow the last one at once either.
    await sleep(400);
    await post(laneway, '/health', 405);
    const started = performance.now();
    await post(laneway, `/function/${name}`, 200);
    times.push(performance.now() - started);
  }
  return times;
}

/** With the plain client: on a kept connection it costs a fraction of what `fetch` does. */
function post(laneway: Laneway, path: string, expected: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${laneway.key}`, 'content-type': 'application/json' };
    const call = request(laneway.url + path, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', resolve);
      if (answer.statusCode !== expected) reject(new Error(`${path} answered ${answer.statusCode}`));
    });
    call.on('error', reject).end('{"n":1}');
  });
}
