import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import AdmZip from 'adm-zip';
import { echoFiles, type EchoKind } from './echo.js';
import { post } from './http-post.js';

/** A Laneway of its own: fresh folders, a free port, ended and removed with `stop`. */
export interface Laneway {
  url: string;
  key: string;
  /** What a call has to carry. */
  headers: Record<string, string>;
  pid: number;
  /** From spawn to the line that says it listens. */
  readyMs: number;
  push(name: string, files: Record<string, string>, lane?: string): Promise<string>;
  request(method: string, path: string, body?: unknown): Promise<Response>;
  stop(): Promise<void>;
}

const root = new URL('../../', import.meta.url).pathname;

let nodeFlags: string[] = [];

/** From now on every server leaves a CPU profile of each of its threads in this folder when it ends. */
export function profileServers(folder: string): void {
  nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** The embedded servers' settings for a folder that holds everything they keep. */
export function folderSettings(folder: string): Record<string, string> {
  return { LANEWAY_PORT: '0', LANEWAY_DATA: join(folder, 'data'), LANEWAY_STORE: join(folder, 'store') };
}

/** With a `keep` folder it stands on what is there, and leaves it there. */
export async function startLaneway(settings: Record<string, string> = {}, keep?: string): Promise<Laneway> {
  const folder = keep ?? (await mkdtemp(join(tmpdir(), 'laneway-bench-')));
  const key = `lw_benchbench_${'k'.repeat(32)}`;
  const headers = { authorization: `Bearer ${key}` };
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, join(root, 'bin/fas.js'), 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      ...folderSettings(folder),
      LANEWAY_ADMIN_KEY: key,
      LANEWAY_LOG_LEVEL: 'warn',
      ...settings,
    },
  });
  const url = await listeningUrl(child);
  const readyMs = performance.now() - started;
  return {
    url,
    key,
    headers,
    pid: child.pid!,
    readyMs,
    request: (method, path, body) =>
      fetch(url + path, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async push(name, files, lane = 'latest') {
      const answer = await fetch(`${url}/api/v1/functions/${name}/lanes/${lane}/versions`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/zip' },
        body: zipOf(files),
      });
      const told = (await answer.json()) as { version: string; error?: { message: string } };
      if (answer.status !== 201) throw new Error(told.error?.message ?? `the push was answered ${answer.status}`);
      return told.version;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      if (keep === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Null when an echo of this kind is taken and answers; else why not, in the server's words. */
export async function whyNot(laneway: Laneway, kind: EchoKind, manifest: Record<string, unknown> = {}): Promise<string | null> {
  try {
    await laneway.push(`try-${kind}`, echoFiles(kind, manifest));
  } catch (error) {
    return (error as Error).message;
  }
  const { status, text } = await post(`${laneway.url}/function/try-${kind}`, laneway.headers);
  return status === 200 ? null : `the call was answered ${status} ${text}`;
}

export function zipOf(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const zip = new AdmZip();
  for (const [name, text] of Object.entries(files)) zip.addFile(name, Buffer.from(text));
  return new Uint8Array(zip.toBuffer());
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
