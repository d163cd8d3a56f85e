import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Load {
  url: string;
  connections: number;
  seconds: number;
  headers: Record<string, string>;
  body: string;
}

/** Requests a second, latencies in milliseconds, and answers that were no 2xx. */
export interface LoadResult {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  failed: number;
}

/** POSTs the same body again and again over kept connections with wrk, one thread, and reads its own figures. */
export async function load({ url, connections, seconds, headers, body }: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const script = join(folder, 'post.lua');
  await writeFile(script, luaScript(headers, body));
  try {
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
    const { stdout } = await promisify(execFile)('wrk', args);
    return JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!) as LoadResult;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function luaScript(headers: Record<string, string>, body: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  return `wrk.method = "POST"
wrk.body = ${JSON.stringify(body)}
${lines.join('\n')}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"perSecond":%.1f,"p50":%.4f,"p95":%.4f,"p99":%.4f,"failed":%d}\\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}
