import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLaneway, type Laneway } from '../laneway.js';
import { peakDuring, residentMb } from '../resident.js';
import { judged, timesRow, type Line, type Row } from '../row.js';
import type { Pace } from '../turns.js';

const size = 64 * 2 ** 20;
const callsARound = 4;
const mostRounds = 2;
/** LANEWAY_PAYLOAD_MEMORY: what large payloads may take together. */
const payloadMemoryMb = 256;
const counting = {
  'read as JSON, process': {
    'index.mjs': 'export default (text) => text.length;',
    'laneway.json': '{"isolation":"process","memory_mb":1024}',
  },
  'streamed to a fetch function, process': {
    'index.mjs': `export default { async fetch(request) {
      let length = 0;
      for await (const part of request.body) length += part.length;
      return Response.json(length - 2);
    } };`,
    'laneway.json': '{"isolation":"process"}',
  },
};

/** Calls with payloads of 64 MiB, one after the other and four at once: how long each takes and what the server's own memory grows by. */
export async function largePayloads({ rounds }: Pace): Promise<Line[]> {
  const rows: Line[] = [];
  for (const [how, files] of Object.entries(counting)) {
    for (const atOnce of [1, callsARound]) {
      const laneway = await startLaneway({
        LANEWAY_MAX_PAYLOAD: '64MiB',
        LANEWAY_SPARE_THREADS: '0',
        LANEWAY_SPARE_PROCESSES: '0',
      });
      try {
        await laneway.push('count', files);
        rows.push(...(await measure(laneway, { how, atOnce, rounds: Math.min(rounds, mostRounds) })));
      } finally {
        await laneway.stop();
      }
    }
  }
  return rows;
}

async function measure(
  laneway: Laneway,
  { how, atOnce, rounds }: { how: string; atOnce: number; rounds: number },
): Promise<Row[]> {
  const payload = Buffer.alloc(size, 'x');
  payload[0] = payload[size - 1] = 0x22;
  await timeCount(laneway, Buffer.from('"xx"'));
  await sleep(1000);
  const before = residentMb(laneway.pid);
  const times: number[][] = [];
  const peak = await peakDuring(laneway.pid, async () => {
    for (let round = 0; round < rounds; round += 1) times.push(await callsOfRound(laneway, payload, atOnce));
  });
  const what = `64 MiB payload ${how}${atOnce === 1 ? '' : `, ${atOnce} at once`}`;
  const grown: Row = { what: `most the server grew by, ${what}`, measured: peak - before, unit: 'MiB' };
  const atMost = mostGrowthMb(how, atOnce);
  return [...(atOnce === 1 ? [timesRow(what, times)] : []), atMost === null ? grown : judged(grown, { of: 'measured', atMost })];
}

/** What is streamed is never held whole, however many there are. */
function mostGrowthMb(how: string, atOnce: number): number | null {
  if (how.startsWith('streamed')) return size / 2 ** 20;
  return atOnce === 1 ? payloadMemoryMb : null;
}

async function callsOfRound(laneway: Laneway, payload: Buffer, atOnce: number): Promise<number[]> {
  if (atOnce > 1) return Promise.all(Array.from({ length: atOnce }, () => timeCount(laneway, payload)));
  const times: number[] = [];
  for (let call = 0; call < callsARound; call += 1) times.push(await timeCount(laneway, payload));
  return times;
}

function timeCount(laneway: Laneway, payload: Buffer): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { ...laneway.headers, 'content-type': 'application/json', 'content-length': payload.length };
    const call = request(`${laneway.url}/function/count`, { method: 'POST', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => {
        if (Number(text) === payload.length - 2) resolve(performance.now() - started);
        else reject(new Error(`a payload of ${payload.length} bytes was answered ${answer.statusCode} ${text.slice(0, 500)}`));
      });
    });
    call.on('error', reject).end(payload);
  });
}
