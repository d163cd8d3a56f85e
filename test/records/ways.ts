import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Client } from 'pg';
import type { Records } from '../../src/contract/records.js';
import { openRecords, type RecordsOptions } from '../../src/records/open-records.js';

/** One of the two ways to keep records, as the conformance suite sees it. */
export interface RecordsWay {
  /** Empty records of their own; closed after the test. */
  open(t: TestContext): Promise<OpenRecords>;
  /** The same, to be closed by the caller: for many in one test. */
  openOnce(): Promise<OpenRecords & { close: () => Promise<void> }>;
  /** Random sequences to try: each has records of its own, and those cost. */
  modelRuns: number;
}

export interface OpenRecords {
  records: Records;
  /** The same records as another server sees them; the same object where only one process may have them. */
  other: Records;
  /** Closes and opens the same place. */
  reopen: () => Promise<Records>;
  /** Bodies that are kept outside their row. */
  countLargeBodies: () => Promise<number>;
}

export const sqliteWay: RecordsWay = {
  modelRuns: 80,
  open: (t) => closedAfter(t, sqliteWay),
  openOnce: async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'laneway-records-'));
    const records = new Reopened({ dataFolder, databaseUrl: null });
    await records.open();
    return {
      records: records.current,
      other: records.current,
      reopen: () => records.reopen(),
      countLargeBodies: async () => (await readdir(join(dataFolder, 'payloads'))).length,
      close: async () => {
        await records.close();
        await rm(dataFolder, { recursive: true, force: true });
      },
    };
  },
};

export function postgresWay(serverUrl: () => string): RecordsWay {
  const way: RecordsWay = {
    modelRuns: 30,
    open: (t) => closedAfter(t, way),
    openOnce: async () => {
      const databaseUrl = await newDatabase(serverUrl());
      const options = { dataFolder: '/dev/null/not-used', databaseUrl };
      const records = new Reopened(options);
      await records.open();
      const other = await openRecords(options);
      return {
        records: records.current,
        other,
        reopen: () => records.reopen(),
        countLargeBodies: async () => {
          const sql = 'select count(distinct body_id)::int as bodies from run_body_chunks';
          return (await queryDatabase<{ bodies: number }>(databaseUrl, sql))[0]!.bodies;
        },
        close: async () => {
          await records.close();
          await other.close();
        },
      };
    },
  };
  return way;
}

async function closedAfter(t: TestContext, way: RecordsWay): Promise<OpenRecords> {
  const { close, ...opened } = await way.openOnce();
  t.after(close);
  return opened;
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-records-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty database on the server, and its URL. */
export async function newDatabase(serverUrl: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await queryDatabase(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function queryDatabase<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

class Reopened {
  current!: Records;

  constructor(private readonly options: RecordsOptions) {}

  async open(): Promise<void> {
    this.current = await openRecords(this.options);
  }

  async reopen(): Promise<Records> {
    await this.close();
    await this.open();
    return this.current;
  }

  close(): Promise<void> {
    return this.current.close();
  }
}
