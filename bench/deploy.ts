import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { buildApp, type App } from '../src/app.js';
import { readConfig } from '../src/config.js';
import { echoFiles } from './echo.js';
import { folderSettings, zipOf } from './laneway.js';

const atOnce = 32;

/** A folder for a server to stand on, with functions `echo-0` and so on, each of them so many versions of an echo in a thread. */
export async function deployMany({ functions, versions }: { functions: number; versions: number }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  // Nobody calls what is put there: nothing is to be loaded ahead.
  const quiet = { LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0', LANEWAY_WARM_WAIT: '0' };
  const settings = { ...folderSettings(folder), ...quiet };
  const app = await buildApp(readConfig(settings), pino({ level: 'silent' }));
  try {
    const zip = zipOf(echoFiles('thread', { concurrency: 1 }));
    let next = 0;
    const deploySome = async () => {
      while (next < functions) {
        const name = echoName(next);
        next += 1;
        await pushZip(app, name, zip);
        // A version that is promoted is one like any other, and costs half as much to make.
        const first = { lane: 'latest', version: '1.1' };
        for (let version = 1; version < versions; version += 1) await app.store.promote(name, first, 'latest', false, null);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, deploySome));
  } finally {
    await app.close();
  }
  return folder;
}

export function echoName(index: number): string {
  return `echo-${index}`;
}

/** A new version of a function's lane `latest`, without the way through HTTP. */
export async function pushZip(app: App, name: string, zip: Uint8Array): Promise<void> {
  await app.store.push({
    function: name,
    lane: 'latest',
    newMajor: false,
    zip: Readable.from([zip]),
    type: null,
    pushedBy: null,
    requireDestination: () => {},
  });
}
