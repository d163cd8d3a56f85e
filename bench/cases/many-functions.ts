import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployMany, echoName } from '../deploy.js';
import { startLaneway, type Laneway } from '../laneway.js';
import { median } from '../percentile.js';
import { residentMb } from '../resident.js';
import { beside, judged, roundsRow, timesRow, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';
import { load, loadRow, rates, type LoadResult } from '../wrk.js';

const few = { functions: 10, versions: 10 };
const many = { functions: 1000, versions: 10 };
const hot = 50;
const connections = 32;
const noSpares = { LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' };
const body = '{"n":1}';

interface Stores {
  none: string;
  few: string;
  many: string;
}

/** A server with 1,000 functions and 10,000 versions beside one with 10 functions: calls, lists, starts and memory. */
export async function manyFunctions({ rounds }: Pace): Promise<Row[]> {
  const stores: Stores = {
    none: await deployMany({ functions: 0, versions: 0 }),
    few: await deployMany(few),
    many: await deployMany(many),
  };
  try {
    return [...(await callsAndLists(stores, rounds)), ...(await starts(stores, Math.min(rounds, 5)))];
  } finally {
    for (const folder of Object.values(stores)) await rm(folder, { recursive: true, force: true });
  }
}

async function callsAndLists(stores: Stores, rounds: number): Promise<Row[]> {
  const small = await startLaneway(noSpares, stores.few);
  const large = await startLaneway(noSpares, stores.many);
  try {
    const call = (laneway: Laneway, functions: number, seconds = 1) => {
      const paths = Array.from({ length: functions }, (_, index) => `/function/${echoName(index)}`);
      const headers = { 'content-type': 'application/json', ...laneway.headers };
      return load({ url: laneway.url, pid: laneway.pid, connections, seconds, headers, body, paths });
    };
    await call(small, few.functions, 2);
    await call(large, hot, 2);
    const calls = await inTurns(rounds, {
      few: () => call(small, few.functions),
      many: () => call(large, few.functions),
      hot: () => call(large, hot),
    });
    const memory = { few: residentMb(small.pid), many: residentMb(large.pid) };
    const lists = await inTurns(rounds, {
      few: () => listTimes(small, `/api/v1/functions/${echoName(0)}/lanes/latest/versions`),
      many: () => listTimes(large, `/api/v1/functions/${echoName(0)}/lanes/latest/versions`),
      all: () => listTimes(large, '/api/v1/functions'),
    });
    return [...callRows(calls, memory), ...listRows(lists)];
  } finally {
    await Promise.all([small.stop(), large.stop()]);
  }
}

function callRows(calls: Record<'few' | 'many' | 'hot', LoadResult[]>, memory: { few: number; many: number }): Row[] {
  const small = `${few.functions} functions deployed, all hot`;
  const row = (what: string, turns: LoadResult[]) =>
    judged(beside(loadRow(`${what}, ${connections} connections`, turns), small, { own: rates(turns), other: rates(calls.few) }), {
      of: 'ratio',
      atLeast: 0.9,
    });
  return [
    { ...loadRow(`${small}, ${connections} connections`, calls.few), rssMb: memory.few },
    row(`1,000 functions deployed, ${few.functions} hot`, calls.many),
    { ...row(`1,000 functions deployed, ${hot} hot`, calls.hot), rssMb: memory.many },
  ];
}

async function listTimes(laneway: Laneway, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    const started = performance.now();
    const answer = await laneway.request('GET', path);
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    times.push(performance.now() - started);
  }
  return times;
}

function listRows({ few: small, many: large, all }: Record<'few' | 'many' | 'all', number[][]>): Row[] {
  const peer = 'list of 10 versions, 100 in the store';
  const row = timesRow('list of 10 versions, 10,000 in the store', large);
  return [
    timesRow(peer, small),
    judged(beside(row, peer, { own: large.map(median), other: small.map(median) }), { of: 'ratio', atMost: 1.25 }),
    timesRow('list of 1,000 functions', all),
  ];
}

/** Starts in turns: how long until each listens, and what it holds once it is quiet. */
async function starts(stores: Stores, rounds: number): Promise<Row[]> {
  const start = (folder: string) => async () => {
    const laneway = await startLaneway(noSpares, folder);
    await sleep(2000);
    const mb = residentMb(laneway.pid);
    await laneway.stop();
    return { readyMs: laneway.readyMs, mb };
  };
  const results = await inTurns(rounds, { none: start(stores.none), many: start(stores.many) });
  const ready = (name: keyof typeof results) => results[name].map(({ readyMs }) => readyMs);
  const perFunction = results.many.map(({ mb }, round) => ((mb - results.none[round]!.mb) * 1024) / many.functions);
  const peer = 'time to ready, nothing in the store';
  const row = beside(roundsRow('time to ready, 10,000 versions in the store', 'ms', ready('many')), peer, {
    own: ready('many'),
    other: ready('none'),
  });
  return [
    roundsRow(peer, 'ms', ready('none')),
    judged(row, { of: 'ratio', atMost: 1.25 }),
    judged(roundsRow('memory of a function with 10 versions that is never called', 'KiB', perFunction), {
      of: 'measured',
      atMost: 32,
    }),
  ];
}
