import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { Bus } from '../../src/contract/bus.js';
import type { Records, VersionRecord } from '../../src/contract/records.js';
import type { FunctionStore, PushRequest } from '../../src/contract/store.js';
import { openRecords } from '../../src/records/open-records.js';
import { openStore, type StoreOptions } from '../../src/store/open-store.js';
import { rawZip } from './raw-zip.js';

export const limits = {
  maxUpload: 32 << 20,
  maxUnpacked: 64 << 20,
  maxEntries: 20_000,
  maxRatio: 200,
  maxMemoryMb: 2048,
  maxProcesses: 1024,
  maxCpu: 128,
};

/** The smallest zip that can be run. */
export const helloZip = rawZip([{ name: 'index.mjs', data: 'export default () => 1;\n' }]);

/** A bus that reaches every store of this test that shares it. */
export function openTestBus(): Bus {
  const handlers = new Set<{ topic: string; handle: (message: string) => void }>();
  return {
    publish: (topic, message) => {
      for (const handler of handlers) if (handler.topic === topic) queueMicrotask(() => handler.handle(message));
    },
    subscribe: (topic, handle) => {
      const handler = { topic, handle };
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    onReconnect: () => () => {},
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

export interface TestStore {
  store: FunctionStore;
  records: Records;
  folder: string;
  /** Opens the same folder and records again, as a restart does. */
  reopen: () => Promise<FunctionStore>;
}

/** A store in a temporary folder with SQLite records of its own, closed and removed when the test ends. */
export async function openTestStore(test: TestContext, more: Partial<StoreOptions> = {}): Promise<TestStore> {
  const base = mkdtempSync(join(tmpdir(), 'laneway-store-'));
  const folder = join(base, 'functions-store');
  const records =
    (more.records as Records | undefined) ?? (await openRecords({ dataFolder: join(base, 'data'), databaseUrl: null }));
  const log = { info: () => {}, warn: () => {} };
  const open = () =>
    openStore({
      folder,
      records,
      log,
      limits,
      checkSchedule: () => {},
      warm: { concurrency: 8, maxWarm: 16, checkWindows: () => {} },
      bus: openTestBus(),
      ftp: null,
      shared: false,
      everyMs: 200,
      ...more,
    });
  let store = await open();
  test.after(async () => {
    await store.close();
    if (more.records === undefined) await records.close();
    rmSync(base, { recursive: true, force: true });
  });
  const reopen = async () => {
    await store.close();
    store = await open();
    return store;
  };
  return { store, records, folder, reopen };
}

/** Pushes a zip, by default the smallest one as `hello` into `latest`. */
export function push(
  store: FunctionStore,
  more: Partial<Omit<PushRequest, 'zip'>> & { zip?: Buffer | Readable } = {},
): Promise<VersionRecord> {
  const { zip = helloZip, ...rest } = more;
  const stream = zip instanceof Readable ? zip : Readable.from(chunksOf(zip));
  const usual = { function: 'hello', lane: 'latest', newMajor: false, type: null, pushedBy: null, requireDestination: () => {} };
  return store.push({ ...usual, ...rest, zip: stream });
}

export function versionOf({ major, minor }: VersionRecord): string {
  return `${major}.${minor}`;
}

/** Everything in a folder, relative, folders too. */
export function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

/** Waits until the condition holds; the runner's own time limit ends a wait in vain. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function* chunksOf(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
