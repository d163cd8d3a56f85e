import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRecords } from '../../src/records/open-records.js';
import { eventually, startApp, type TestApp } from '../app/start-app.js';
import { runFas } from '../cli/run-fas.js';
import { temporaryFolder } from '../temporary-folder.js';

/** Returns the length of its text; a payload that names a file waits until that is there. */
const reader = {
  'index.mjs': `import { existsSync } from 'node:fs';
    export default async ({ text, file }) => {
      while (file !== undefined && !existsSync(file)) await new Promise((r) => setTimeout(r, 10));
      return text.length;
    };`,
  'laneway.json': '{"timeout_ms":120000,"isolation":"thread"}',
};
const backups = 3;

test('a server under load is backed up, and each backup goes on from there', async (t) => {
  const folder = await temporaryFolder(t);
  const home = await temporaryFolder(t);
  const gate = join(folder, 'gate');
  const server = await startApp({ LANEWAY_QUEUE_CONCURRENCY: '8' }, folder);
  t.after(() => server.close());
  await server.push('reader', reader);
  const load = new Load(server, gate);

  const taken: { target: string; accepted: string[] }[] = [];
  for (let number = 1; number <= backups; number += 1) {
    await eventually(async () => load.accepted.length >= number * 60);
    const accepted = [...load.accepted];
    const target = join(home, `backup-${number}`);
    const done = await fas(['backup', target], folder, home);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /^backed up .+: \d+ runs \(\d+ open\), \d+ payload files, 1 versions, /);
    taken.push({ target, accepted });
  }
  await load.stop();
  assert.deepEqual(load.refused, []);
  await writeFile(gate, '');
  for (const { target, accepted } of taken) await t.test(target, (t) => goesOn(target, accepted, { home: folder, t }));
  await allEnd(server, load.accepted);
});

async function goesOn(
  target: string,
  accepted: readonly string[],
  { home, t }: { home: string; t: Parameters<typeof temporaryFolder>[0] },
): Promise<void> {
  const folder = await temporaryFolder(t);
  const done = await fas(['restore', target], folder, home);
  assert.equal(done.code, 0, done.stderr);

  const records = await openRecords({ dataFolder: join(folder, 'data'), databaseUrl: null });
  let open = 0;
  let files = 0;
  for (const id of accepted) {
    const run = await records.runs.get(id);
    assert.ok(run !== null, `run ${id} was accepted before the backup`);
    if (run.state !== 'queued' && run.state !== 'running') continue;
    open += 1;
    if (run.payloadBytes > 256 * 1024) files += 1;
    assert.equal(Buffer.byteLength((await records.runs.payload(id))!), run.payloadBytes);
  }
  await records.close();
  assert.ok(open > 0 && files > 0, `${open} open runs, ${files} with files`);

  const server = await startApp({}, folder);
  try {
    await allEnd(server, accepted);
    assert.equal(await (await server.call('reader', { text: 'four' })).text(), '4');
  } finally {
    await server.close();
  }
}

/** Queued runs of all sizes, some of which wait at the gate, and sync calls; until it is stopped. */
class Load {
  readonly accepted: string[] = [];
  readonly refused: number[] = [];
  #stopped = false;
  readonly #under: Promise<void>[];

  constructor(
    private readonly server: TestApp,
    gate: string,
  ) {
    const payloadOf = (turn: number) => ({
      text: 'é'.repeat(turn % 3 === 0 ? 200_000 : 10),
      ...(turn % 10 === 0 ? { file: gate } : {}),
    });
    // Four of the eight places stay free of those that wait: the others end while the copies are made.
    this.#under = [
      this.#queue((turn) => payloadOf(turn), 40),
      this.#queue((turn) => ({ ...payloadOf(turn), file: undefined }), Infinity),
      this.#call(),
    ];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#under);
  }

  async #queue(payloadOf: (turn: number) => object, atMost: number): Promise<void> {
    for (let turn = 0; turn < atMost && !this.#stopped; turn += 1) {
      const json = { function: 'reader', payload: payloadOf(turn), mode: 'queued' };
      const answer = await this.server.ask('POST', '/api/v1/runs', { json });
      const { id } = (await answer.json()) as { id: string };
      if (answer.status === 202) this.accepted.push(id);
      else this.refused.push(answer.status);
    }
  }

  async #call(): Promise<void> {
    while (!this.#stopped) {
      const { status } = await this.server.call('reader', { text: 'x' });
      if (status !== 200) this.refused.push(status);
    }
  }
}

async function allEnd(server: TestApp, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const run = await eventually(async () => {
      const found = (await (await server.ask('GET', `/api/v1/runs/${id}`)).json()) as { state: string; ended_at: string | null };
      return found.ended_at === null ? null : found;
    });
    assert.equal(run.state, 'succeeded');
  }
}

function fas(args: string[], folder: string, home: string): ReturnType<typeof runFas> {
  return runFas(args, { home, environment: { LANEWAY_DATA: join(folder, 'data'), LANEWAY_STORE: join(folder, 'store') } });
}
