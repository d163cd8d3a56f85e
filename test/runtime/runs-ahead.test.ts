import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AttemptOutcome, DeployedVersion } from '../../src/contract/executor.js';
import type { Isolation } from '../../src/contract/words.js';
import type { LocalExecutor } from '../../src/runtime/local-executor.js';
import { attemptOf, deploy, Ear, makeExecutor, runOnce, until } from './support.js';

type Behaviour =
  | 'wait'
  | 'block'
  | 'exit'
  | 'break later'
  | 'break after a while'
  | 'exit after a while'
  | 'leave a child'
  | 'spoil';
const followers = ['a', 'b', 'c', 'd', 'e'];

/** One run that behaves badly, and others that were sent ahead behind it. */
class Case {
  readonly note: string;
  readonly executor: LocalExecutor;
  readonly version: DeployedVersion;

  constructor(
    t: TestContext,
    readonly isolation: Isolation,
    readonly concurrency = 1,
    workers = 16,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'laneway-ahead-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.note = join(folder, 'note');
    this.executor = makeExecutor(t, { limits: { maxWaiting: 100, maxWorkers: workers } });
    this.version = deploy('quick/index.mjs', { concurrency });
  }

  /** The function has proved that it is quick; a noisy machine may take a few tries. */
  async proveQuick(): Promise<void> {
    for (;;) {
      for (let count = 0; count < 50; count += 1) await this.run({});
      const runs = Array.from({ length: 8 }, () => this.run({}));
      if (this.executor.stats().ahead > 0) return void (await Promise.all(runs));
      await Promise.all(runs);
    }
  }

  run(payload: { name?: string; does?: Behaviour }, runId?: string, timeoutMs = 30_000): Promise<AttemptOutcome> {
    const noted = payload.name === undefined ? payload : { ...payload, note: this.note };
    const attempt = attemptOf(this.version, {
      isolation: this.isolation,
      payload: noted,
      timeoutMs,
      ...(runId ? { runId } : {}),
    });
    return this.executor.execute(attempt, new Ear());
  }

  /** All asked for in one turn, so that followers lie behind the first; again, when the machine was too slow for that. */
  async after(does: Behaviour, timeoutMs?: number): Promise<{ first: Promise<AttemptOutcome>; rest: Promise<AttemptOutcome>[] }> {
    for (;;) {
      await this.proveQuick();
      const first = this.run({ name: 'first', does }, undefined, timeoutMs);
      const rest = followers.map((name) => this.run({ name }));
      if (this.executor.stats().ahead >= (this.concurrency === 1 ? followers.length : 1)) return { first, rest };
      this.letGo();
      await Promise.all([first, ...rest]);
      rmSync(this.note);
      rmSync(`${this.note}.go`);
    }
  }

  letGo(): void {
    writeFileSync(`${this.note}.go`, '');
  }

  get begun(): string[] {
    return readFileSync(this.note, 'utf8').trim().split('\n').toSorted();
  }

  async assertFollowers(rest: Promise<AttemptOutcome>[]): Promise<void> {
    const results = (await Promise.all(rest)).map((outcome) => (outcome.ok ? outcome.result : outcome));
    assert.deepEqual(
      results,
      followers.map((name) => JSON.stringify(name)),
    );
    assert.deepEqual(this.begun, [...followers, 'first'].toSorted(), 'each was begun once');
  }
}

for (const isolation of ['thread', 'process'] as const) {
  test(`runs sent ahead of one that waits go to another worker, ${isolation}`, async (t) => {
    const one = new Case(t, isolation, 2);
    const { first, rest } = await one.after('wait');
    await one.assertFollowers(rest);
    one.letGo();
    assert.ok((await first).ok);
  });

  test(`runs sent ahead wait for their only worker, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    const { first, rest } = await one.after('wait');
    one.letGo();
    assert.ok((await first).ok);
    await one.assertFollowers(rest);
  });

  test(`a worker that ends has not begun what was sent ahead, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    const { first, rest } = await one.after('exit');
    const outcome = await first;
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'exit_code');
    await one.assertFollowers(rest);
  });

  test(`a run that runs out of time takes none of those sent ahead with it, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    const { first, rest } = await one.after('block', 300);
    const outcome = await first;
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'timeout');
    await one.assertFollowers(rest);
  });

  test(`what a run leaves behind breaks none of those sent ahead, ${isolation}`, async (t) => {
    for (const does of ['break later', 'leave a child', 'spoil'] as const) {
      const one = new Case(t, isolation);
      const { first, rest } = await one.after(does);
      assert.equal((await first).ok, does !== 'spoil', does);
      await one.assertFollowers(rest);
    }
  });

  test(`a run sent ahead that is cancelled is not begun, and the others are, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    await one.proveQuick();
    const first = one.run({ name: 'first', does: 'wait' });
    const unwanted = one.run({ name: 'unwanted' }, '00000000-0000-4000-8000-000000000001');
    const wanted = one.run({ name: 'wanted' });
    one.executor.cancel('00000000-0000-4000-8000-000000000001');
    const outcome = await unwanted;
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'cancelled');
    one.letGo();
    assert.ok((await first).ok);
    assert.ok((await wanted).ok);
    assert.deepEqual(one.begun, ['first', 'wanted']);
  });

  test(`a run that comes to a worker before it breaks or ends is begun by another one, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    for (const [does, name] of [
      ['break after a while', 'short'],
      ['break after a while', 'l'.repeat(5000)],
      ['exit after a while', 'short'],
      ['exit after a while', 'l'.repeat(5000)],
    ] as const) {
      assert.ok((await one.run({ does })).ok);
      assert.ok((await one.run({ name }, undefined, 5000)).ok);
      assert.deepEqual(one.begun, [name]);
      rmSync(one.note);
    }
  });

  test(`a run that may lie ready makes room for a line that has waited longer, and is begun once, ${isolation}`, async (t) => {
    const one = new Case(t, isolation, 1, 1);
    await one.proveQuick();
    const names = Array.from({ length: 34 }, (_, index) => String(index).padStart(2, '0'));
    const runs = names.map((name) => one.run({ name }));
    assert.ok(one.executor.stats().waiting > 0, 'more than may be sent ahead');
    const other = runOnce(one.executor, deploy('echo-module/index.mjs'), { isolation });
    names.push('34', '35');
    runs.push(one.run({ name: '34' }), one.run({ name: '35' }));
    for (const run of runs) assert.ok((await run).ok);
    assert.ok((await other).outcome.ok);
    assert.deepEqual(one.begun, names);
  });

  test(`closing refuses what was sent ahead, ${isolation}`, async (t) => {
    const one = new Case(t, isolation);
    const { first, rest } = await one.after('wait');
    const refused = Promise.allSettled(rest);
    await one.executor.close(0);
    assert.equal((await first).ok, false);
    for (const each of await refused)
      assert.equal(each.status === 'rejected' && (each.reason as { code: string }).code, 'shutting_down');
  });
}

test('runs sent ahead of one that blocks its thread go to another worker', async (t) => {
  const one = new Case(t, 'thread', 2);
  const { first, rest } = await one.after('block');
  await one.assertFollowers(rest);
  one.letGo();
  assert.ok((await first).ok);
});

test('what does not fit into the memory that is shared is not sent ahead', async (t) => {
  const one = new Case(t, 'thread');
  await one.proveQuick();
  const first = one.run({ name: 'first', does: 'block' });
  const parameters = { long: 'x'.repeat(5000) };
  const payload = (name: string) => ({ name, note: one.note });
  const runs = [{ payload: payload('a') }, { payload: payload('b'), parameters }, { payload: payload('c') }].map((choice) =>
    runOnce(one.executor, one.version, { ...choice, timeoutMs: 5000 }),
  );
  await until(() => one.executor.stats().waiting > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  one.letGo();
  assert.ok((await first).ok);
  const outcomes = await Promise.all(runs);
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome.ok && outcome.result),
    ['"a"', '"b"', '"c"'],
  );
  assert.deepEqual(one.begun, ['a', 'b', 'c', 'first']);
});

test('long payloads and results pass those that are sent ahead in order', async (t) => {
  const executor = makeExecutor(t, { limits: { maxWaiting: 1000 } });
  const version = deploy('echo-module/index.mjs', { concurrency: 2 });
  for (let count = 0; count < 50; count += 1) await runOnce(executor, version, { payload: count });
  const payloads = Array.from({ length: 300 }, (_, index) => 'ü'.repeat(index % 7 === 0 ? 6000 + index : index));
  const outcomes = await Promise.all(payloads.map((payload) => runOnce(executor, version, { payload })));
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome.ok && (JSON.parse(outcome.result!) as { payload: string }).payload),
    payloads,
  );
});
