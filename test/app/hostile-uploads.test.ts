import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import AdmZip from 'adm-zip';
import { hostileZips } from '../store/hostile-zips.js';
import { limits } from '../store/open-test-store.js';
import { temporaryFolder } from '../temporary-folder.js';

const fas = fileURLToPath(new URL('../../../bin/fas.js', import.meta.url));
const mib = 2 ** 20;

test('a server as it is started refuses every hostile zip with its own code, keeps nothing and grows by less than 20 MB', async (t) => {
  const home = await temporaryFolder(t);
  const server = spawn(process.execPath, [fas, 'serve'], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      LANEWAY_PORT: '0',
      LANEWAY_MAX_UPLOAD: String(limits.maxUpload),
      LANEWAY_MAX_UNPACKED: String(limits.maxUnpacked),
      LANEWAY_MAX_ENTRIES: String(limits.maxEntries),
      LANEWAY_MAX_RATIO: String(limits.maxRatio),
      LANEWAY_SPARE_THREADS: '0',
      LANEWAY_SPARE_PROCESSES: '0',
    },
  });
  t.after(async () => {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  });
  const url = await listeningUrl(server.stdout);
  const key = readFileSync(join(home, 'data/admin-key'), 'utf8').trim();
  const push = async (zip: Buffer, name = 'hostile') => {
    const answer = await fetch(`${url}/api/v1/functions/${name}/lanes/latest/versions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/zip' },
      body: new Uint8Array(zip),
    });
    return ((await answer.json()) as { error?: { code: string } }).error?.code;
  };
  // The first push loads and compiles what every later one uses.
  const harmless = new AdmZip();
  harmless.addFile('index.mjs', Buffer.from('export default () => 1;'));
  harmless.addFile('laneway.json', Buffer.from('{"timeout_ms":1000}'));
  assert.equal(await push(harmless.toBuffer(), 'harmless'), undefined);
  const before = residentBytes(server.pid!);
  let largest = before;
  for (const [title, code, zip] of hostileZips()) {
    assert.equal(await push(zip), code, title);
    largest = Math.max(largest, residentBytes(server.pid!));
  }
  assert.ok(largest - before < 20 * mib, `grew by ${((largest - before) / mib).toFixed(1)} MiB`);
  assert.deepEqual(readdirSync(join(home, 'functions-store')), ['.laneway', 'harmless']);
  assert.deepEqual(readdirSync(join(home, 'functions-store/.laneway/tmp')), []);
});

async function listeningUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const url = /listening on (http\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      output.resume();
      return url;
    }
  }
  throw new Error('the server ended before it listened');
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}
