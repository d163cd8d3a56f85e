import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import { pino } from 'pino';
import { buildApp, type App } from '../../src/app.js';
import { readConfig } from '../../src/config.js';

/** A whole server in this process, listening on a free port, with folders of its own. */
export interface TestApp {
  app: App;
  url: string;
  key: string;
  folder: string;
  /** `fetch` with the admin key; a `json` body is sent as JSON. */
  ask(
    method: string,
    path: string,
    more?: { json?: unknown; body?: string | Uint8Array<ArrayBuffer> | ReadableStream; headers?: Record<string, string> },
  ): Promise<Response>;
  /** Pushes files as a zip; resolves with the version. */
  push(name: string, files: Record<string, string>, lane?: string): Promise<string>;
  /** Runs a function synchronously with a payload. */
  call(name: string, payload?: unknown, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export const adminKey = `lw_testadmin_${'a'.repeat(40)}`;

export async function startApp(settings: Record<string, string> = {}, folder?: string): Promise<TestApp> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'laneway-test-')));
  const config = readConfig({
    LANEWAY_PORT: '0',
    LANEWAY_DATA: join(home, 'data'),
    LANEWAY_STORE: join(home, 'store'),
    LANEWAY_ADMIN_KEY: adminKey,
    LANEWAY_SPARE_PROCESSES: '0',
    LANEWAY_SPARE_THREADS: '1',
    LANEWAY_DRAIN: '2s',
    // Functions of many tests meet them at files, which are not to be seen from a cell.
    LANEWAY_DEFAULT_ISOLATION: 'process',
    ...settings,
  });
  const app = await buildApp(config, pino({ level: process.env['TEST_LOG'] ?? 'silent' }));
  const url = await app.listen();
  const ask: TestApp['ask'] = (method, path, { json, body, headers } = {}) =>
    fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
  return {
    app,
    url,
    key: adminKey,
    folder: home,
    ask,
    async push(name, files, lane = 'latest') {
      const path = `/api/v1/functions/${name}/lanes/${lane}/versions`;
      const answer = await ask('POST', path, { body: zipOf(files), headers: { 'content-type': 'application/zip' } });
      if (answer.status !== 201) throw new Error(`push answered ${answer.status}: ${await answer.text()}`);
      return ((await answer.json()) as { version: string }).version;
    },
    call: (name, payload, headers) =>
      ask(
        'POST',
        `/function/${name}`,
        payload === undefined ? { headers: headers ?? {} } : { json: payload, headers: headers ?? {} },
      ),
    async close() {
      await app.close();
      if (folder === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

export function zipOf(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const zip = new AdmZip();
  for (const [name, text] of Object.entries(files)) zip.addFile(name, Buffer.from(text));
  return new Uint8Array(zip.toBuffer());
}

/** Asks again until the answer is there; the test's own timeout is the bound. */
export async function eventually<Value>(look: () => Promise<Value | undefined | null | false>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
