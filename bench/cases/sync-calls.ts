import { startLaneway } from '../laneway.js';
import { startPeer } from '../peers/start-peer.js';
import { judged, type Row } from '../row.js';
import { load, type LoadResult } from '../wrk.js';

const body = JSON.stringify({ name: 'Ada', numbers: [1, 2, 3], nested: { ok: true } });
const rounds = 3;
const echo = `export default (payload) => payload;\n`;

/**
 * The same small POST against bare fastify, against bare fastify in front of two warm workers, and against Laneway with
 * key, limits and record. All servers stand at once and take turns, so that a noisy moment hits each of them.
 */
export async function syncCalls(seconds: number): Promise<Row[]> {
  const laneway = await startLaneway({ LANEWAY_SPARE_PROCESSES: '0', LANEWAY_SPARE_THREADS: '0' });
  const peers = {
    alone: await startPeer('./bare-fastify.js', 'alone'),
    threads: await startPeer('./bare-fastify.js', 'threads'),
    children: await startPeer('./bare-fastify.js', 'children'),
  };
  try {
    for (const isolation of ['thread', 'process']) {
      const manifest = JSON.stringify({ isolation, concurrency: 2 });
      await laneway.push(`echo-${isolation}`, { 'index.mjs': echo, 'laneway.json': manifest });
    }
    const urls: Record<string, string> = {
      alone: `${peers.alone.url}/function/echo`,
      threads: `${peers.threads.url}/function/echo`,
      children: `${peers.children.url}/function/echo`,
      thread: `${laneway.url}/function/echo-thread`,
      process: `${laneway.url}/function/echo-process`,
    };
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${laneway.key}` };
    const measure = (connections: number) => inTurns(urls, (url) => load({ url, connections, seconds, headers, body }));
    await inTurns(urls, (url) => load({ url, connections: 8, seconds: 2, headers, body }));
    const one = await measure(1);
    const many = await measure(32);
    return [...rowsOf(many, 32), ...rowsOf(one, 1)];
  } finally {
    await Promise.all([laneway.stop(), ...Object.values(peers).map((peer) => peer.stop())]);
  }
}

async function inTurns(
  urls: Record<string, string>,
  run: (url: string) => Promise<LoadResult>,
): Promise<Record<string, LoadResult[]>> {
  const results: Record<string, LoadResult[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, url] of Object.entries(urls)) {
      const result = await run(url);
      if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were no 2xx`);
      (results[name] ??= []).push(result);
    }
  }
  return results;
}

function rowsOf(results: Record<string, LoadResult[]>, connections: number): Row[] {
  const of = (name: string) => results[name]!.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(rounds / 2)]!;
  const row = (what: string, name: string, peer?: string): Row => {
    const { perSecond, p50, p95, p99 } = of(name);
    const plain: Row = { what: `${what}, ${connections} connections`, measured: perSecond, unit: '1/s', p50, p95, p99 };
    return peer === undefined
      ? plain
      : { ...plain, peer: `bare fastify in front of two ${peer}`, ratio: perSecond / of(peer).perSecond };
  };
  const ours = [row('sync call, thread', 'thread', 'threads'), row('sync call, process', 'process', 'children')];
  return [
    row('bare fastify', 'alone'),
    row('bare fastify in front of two threads', 'threads'),
    row('bare fastify in front of two children', 'children'),
    ...(connections === 32 ? ours.map((each) => judged(each, { of: 'ratio', atLeast: 0.85 })) : ours),
  ];
}
