import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './percentile.js';
import { processorMs } from './processor-time.js';
import { spreadOf, type Row } from './row.js';

export interface Load {
  url: string;
  connections: number;
  /** Whole seconds: wrk knows no others. */
  seconds: number;
  headers: Record<string, string>;
  body: string;
  /** Called one after the other, in place of the path of `url`. */
  paths?: readonly string[];
  /** Of the server: its processor time, children included, is measured too. */
  pid?: number;
}

/** Requests a second, latencies in milliseconds, and answers that were no 2xx. */
export interface LoadResult {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  failed: number;
  /** Microseconds of the server's processor time for each request. */
  cpuUs?: number;
}

/** POSTs the same body again and again over kept connections with wrk, one thread. Throws when an answer was no 2xx. */
export async function load({ url, connections, seconds, headers, body, paths, pid }: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const script = join(folder, 'post.lua');
  await writeFile(script, luaScript(headers, body, paths));
  try {
    // Whatever is slow is measured, not given up.
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url];
    const before = pid === undefined ? 0 : processorMs(pid);
    const { stdout } = await promisify(execFile)('wrk', args);
    const result = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!) as LoadResult;
    if (result.failed > 0) throw new Error(`${url}: ${result.failed} answers were no 2xx`);
    if (pid !== undefined) result.cpuUs = ((processorMs(pid) - before) * 1000) / (result.perSecond * seconds);
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The turns of one server as a row: the middle of each figure. */
export function loadRow(what: string, turns: readonly LoadResult[]): Row {
  const middle = (figure: 'perSecond' | 'p50' | 'p95' | 'p99') => median(turns.map((turn) => turn[figure]));
  const cpu = turns.flatMap(({ cpuUs }) => cpuUs ?? []);
  return {
    what,
    measured: middle('perSecond'),
    unit: '1/s',
    p50: middle('p50'),
    p95: middle('p95'),
    p99: middle('p99'),
    ...(cpu.length > 0 ? { cpuUs: median(cpu) } : {}),
    ...spreadOf(rates(turns)),
  };
}

export function rates(turns: readonly LoadResult[]): number[] {
  return turns.map(({ perSecond }) => perSecond);
}

function luaScript(headers: Record<string, string>, body: string, paths: readonly string[] | undefined): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  return `wrk.method = "POST"
wrk.body = ${JSON.stringify(body)}
${lines.join('\n')}
${paths === undefined ? '' : requestInTurn(paths)}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"perSecond":%.1f,"p50":%.4f,"p95":%.4f,"p99":%.4f,"failed":%d}\\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}

/** Requests are put together once, before the load. */
function requestInTurn(paths: readonly string[]): string {
  return `local requests, last = {}, 0
init = function()
  for _, path in ipairs({${paths.map((path) => JSON.stringify(path)).join(', ')}}) do
    requests[#requests + 1] = wrk.format(nil, path)
  end
end
request = function()
  last = last % #requests + 1
  return requests[last]
end`;
}
