import { echoFiles, type EchoKind } from '../echo.js';
import { startLaneway, whyNot } from '../laneway.js';
import { startFaasJsRuntime } from '../peers/faas-js-runtime.js';
import { startFunctionsFramework } from '../peers/functions-framework.js';
import { fromPackages } from '../peers/packages.js';
import { startPeer, type Peer } from '../peers/start-peer.js';
import { startWorkerd } from '../peers/workerd.js';
import { residentTreeMb } from '../resident.js';
import { beside, judged, type Line, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';
import { load, loadRow, rates, type LoadResult } from '../wrk.js';

const body = JSON.stringify({ name: 'Ada', numbers: [1, 2, 3], nested: { ok: true } });

/** Whoever is called: a peer, or a Laneway of its own for each kind, so that its memory is told apart. */
interface Called {
  url: string;
  pid: number;
  headers: Record<string, string>;
  stop(): Promise<void>;
}

const peers = {
  'bare fastify': () => startPeer('./bare-fastify.js', 'alone'),
  'bare fastify in front of two threads': () => startPeer('./bare-fastify.js', 'threads'),
  'bare fastify in front of two threads, one call each': () => startPeer('./bare-fastify.js', 'threads', 'one'),
  'bare fastify in front of two children': () => startPeer('./bare-fastify.js', 'children'),
  'bare fastify in front of two children, one call each': () => startPeer('./bare-fastify.js', 'children', 'one'),
  'functions-framework': () => fromPackages(startFunctionsFramework),
  'faas-js-runtime': () => fromPackages(startFaasJsRuntime),
  workerd: () => fromPackages(startWorkerd),
};

const kinds: EchoKind[] = ['thread', 'process', 'confined', 'python'];

type PeerName = keyof typeof peers;
const threads: PeerName = 'bare fastify in front of two threads';
const children: PeerName = 'bare fastify in front of two children';

/** Beside whom each kind is shown; the first is the one its target is about. */
const besideWhom: Record<EchoKind, PeerName[]> = {
  thread: [threads, 'bare fastify in front of two threads, one call each', 'functions-framework', 'faas-js-runtime', 'workerd'],
  process: [children, 'bare fastify in front of two children, one call each'],
  confined: [children],
  python: [children],
};

/**
 * The same small POST against bare fastify alone and in front of two warm workers, against other function servers, and
 * against Laneway with key, limits and record. All stand at once and take turns.
 */
export async function syncCalls({ rounds }: Pace): Promise<Line[]> {
  const { standing, absent } = await startAll();
  try {
    const measure = (connections: number, seconds: number, times: number) =>
      inTurns(
        times,
        Object.fromEntries(
          [...standing].map(([name, { url, pid, headers }]) => [
            name,
            () => load({ url, pid, connections, seconds, headers, body }),
          ]),
        ),
      );
    await measure(8, 2, 1);
    const one = await measure(1, 1, rounds);
    const many = await measure(32, 1, rounds);
    const memory = new Map([...standing].map(([name, { pid }]) => [name, residentTreeMb(pid)]));
    const manyRows = rowsOf(many, '32 connections').map(({ row, name }) => ({ ...row, rssMb: memory.get(name)! }));
    return [...manyRows, ...rowsOf(one, '1 connections').map(({ row }) => row), ...absent];
  } finally {
    await Promise.all([...standing.values()].map((called) => called.stop()));
  }
}

async function startAll() {
  const standing = new Map<string, Called>();
  const absent: Line[] = [];
  const starts: Record<string, () => Promise<Called>> = {
    ...Object.fromEntries(Object.entries(peers).map(([name, start]) => [name, () => startBeside(start)])),
    ...Object.fromEntries(kinds.map((kind) => [kind, () => startEcho(kind)])),
  };
  for (const [name, start] of Object.entries(starts)) {
    try {
      standing.set(name, await start());
    } catch (error) {
      absent.push({ what: name in peers ? name : `sync call, ${name}`, absent: (error as Error).message });
    }
  }
  return { standing, absent };
}

async function startBeside(start: () => Promise<Peer>): Promise<Called> {
  const peer = await start();
  // What Laneway's callers carry, its peers' carry too.
  return {
    ...peer,
    url: peer.echoUrl,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${'k'.repeat(48)}` },
  };
}

async function startEcho(kind: EchoKind): Promise<Called> {
  const laneway = await startLaneway({ LANEWAY_SPARE_PROCESSES: '0', LANEWAY_SPARE_THREADS: '0' });
  const reason = await whyNot(laneway, kind);
  if (reason !== null) {
    await laneway.stop();
    throw new Error(reason);
  }
  await laneway.push('echo', echoFiles(kind, { concurrency: 2 }));
  const headers = { 'content-type': 'application/json', ...laneway.headers };
  return { url: `${laneway.url}/function/echo`, pid: laneway.pid, headers, stop: () => laneway.stop() };
}

function rowsOf(results: Record<string, LoadResult[]>, connections: string): { name: string; row: Row }[] {
  const rows: { name: string; row: Row }[] = [];
  for (const name of Object.keys(peers)) {
    const turns = results[name];
    if (turns !== undefined) rows.push({ name, row: loadRow(`${name}, ${connections}`, turns) });
  }
  for (const kind of kinds) rows.push(...rowsOfKind(kind, results, connections).map((row) => ({ name: kind, row })));
  return rows;
}

function rowsOfKind(kind: EchoKind, results: Record<string, LoadResult[]>, connections: string): Row[] {
  const turns = results[kind];
  if (turns === undefined) return [];
  return besideWhom[kind].flatMap((peer, index) => {
    const others = results[peer];
    if (others === undefined) return [];
    const what = `sync call, ${kind}, ${connections}${index === 0 ? '' : `, beside ${peer}`}`;
    const row = beside(loadRow(what, turns), peer, { own: rates(turns), other: rates(others) });
    return [judgedCall(kind, peer, { row, isAlone: connections === '1 connections' })];
  });
}

function judgedCall(kind: EchoKind, peer: PeerName, { row, isAlone }: { row: Row; isAlone: boolean }): Row {
  if (isAlone) return kind === 'thread' && peer === threads ? judged(row, { of: 'p50', atMost: 0.12 }) : row;
  if (peer === 'functions-framework') return judged(row, { of: 'ratio', atLeast: 3 });
  return kind !== 'python' && (peer === threads || peer === children) ? judged(row, { of: 'ratio', atLeast: 0.85 }) : row;
}
