import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import AdmZip from 'adm-zip';

/** A Laneway of its own: fresh folders, a free port, ended and removed with `stop`. */
export interface Laneway {
  url: string;
  key: string;
  pid: number;
  /** From spawn to the line that says it listens. */
  readyMs: number;
  push(name: string, files: Record<string, string>, lane?: string): Promise<string>;
  request(method: string, path: string, body?: unknown): Promise<Response>;
  stop(): Promise<void>;
}

const root = new URL('../../', import.meta.url).pathname;

export async function startLaneway(settings: Record<string, string> = {}): Promise<Laneway> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const key = `lw_benchbench_${'k'.repeat(32)}`;
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, 'bin/fas.js'), 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LANEWAY_PORT: '0',
      LANEWAY_DATA: join(folder, 'data'),
      LANEWAY_STORE: join(folder, 'store'),
      LANEWAY_ADMIN_KEY: key,
      LANEWAY_LOG_LEVEL: 'warn',
      ...settings,
    },
  });
  const url = await listeningUrl(child);
  const readyMs = performance.now() - started;
  const request = (method: string, path: string, body?: unknown) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    url,
    key,
    pid: child.pid!,
    readyMs,
    request,
    async push(name, files, lane = 'latest') {
      const answer = await fetch(`${url}/api/v1/functions/${name}/lanes/${lane}/versions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/zip' },
        body: zipOf(files),
      });
      if (answer.status !== 201) throw new Error(`push failed: ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { version: string }).version;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function zipOf(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const zip = new AdmZip();
  for (const [name, text] of Object.entries(files)) zip.addFile(name, Buffer.from(text));
  return new Uint8Array(zip.toBuffer());
}

/** Resident memory in MiB of one process, its children not counted. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /listening on (http\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error('the server ended before it listened');
}
