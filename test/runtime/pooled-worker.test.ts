import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveRun } from '../../src/runtime/active-run.js';
import type { FunctionWorker } from '../../src/runtime/function-worker.js';
import type { RunMessage, ToWorker } from '../../src/runtime/messages.js';
import { PooledWorker, type WorkerOwner } from '../../src/runtime/pooled-worker.js';
import { RunRegistry } from '../../src/runtime/run-registry.js';
import { VersionLine } from '../../src/runtime/version-line.js';
import { type AttemptChoice, attemptOf, deploy, Ear, executorOptions } from './support.js';

const version = deploy('quick/index.mjs');

/** A worker that says what the test makes it say, in a pool that only remembers. */
class Case {
  readonly sent: ToWorker[] = [];
  readonly recalled: ActiveRun[] = [];
  readonly told: ActiveRun[] = [];
  readonly worker: PooledWorker;
  readonly line = new VersionLine(version, version.entry, { isolation: 'process', settings: executorOptions('/nowhere') });
  kills = 0;

  constructor() {
    const owner: WorkerOwner = {
      onFree: () => undefined,
      onEnding: () => undefined,
      onGone: () => undefined,
      onRunBegins: (_, run) => void this.told.push(run),
      onRunEnds: () => undefined,
      onRecalled: (_, runs) => void this.recalled.push(...runs),
    };
    this.worker = new PooledWorker(this.line.workerOptions, () => this.#fake(), owner);
    this.worker.onMessage({ type: 'ready' });
  }

  /** The first is under way, the others are sent ahead. */
  begin(...names: string[]): ActiveRun[] {
    const [first, ...others] = names.map((payload) => this.run({ payload }));
    this.worker.load(this.line, first!, {});
    this.worker.onMessage({ type: 'loaded', convention: 'payload' });
    for (const run of others) assert.ok(this.worker.sendAhead(run));
    return [first!, ...others];
  }

  end(run: number, data = 'null', children = false): void {
    this.worker.onMessage({ type: 'result', run, data, children, ms: 0 });
  }

  get runs(): RunMessage[] {
    return this.sent.filter((message) => message.type === 'run');
  }

  run(choice: AttemptChoice): ActiveRun {
    const surroundings = { registry: new RunRegistry(), maxLogBytes: 1000, graceMs: 100 };
    return new ActiveRun(attemptOf(version, choice), new Ear(), { exchange: null, loadOnly: false, surroundings });
  }

  #fake(): FunctionWorker {
    return {
      kind: 'node',
      pid: null,
      mainPid: process.pid,
      groupPid: null,
      hasOthers: () => false,
      send: (message) => void this.sent.push(message),
      sendAhead: (message) => this.sent.push(message) > 0,
      recall: () => void this.sent.push({ type: 'recall' }),
      kill: () => void (this.kills += 1),
    };
  }
}

async function reasonOf(run: ActiveRun): Promise<string> {
  const outcome = await run.outcome;
  return outcome.ok ? 'ok' : outcome.reason;
}

test('a worker that gives back what was not recalled is hostile', async () => {
  const one = new Case();
  const [first] = one.begin('first');
  one.worker.onRecalled(1);
  assert.equal(one.runs.length, 1, 'nothing is sent again');
  assert.equal(one.kills, 1);
  one.worker.onExit({ how: 'signal', signal: 'SIGKILL' });
  assert.equal(await reasonOf(first!), 'worker_lost');
});

test('what comes to a tainted worker goes to another one, even after an earlier recall was answered', () => {
  const one = new Case();
  const [first, second] = one.begin('first', 'second');
  one.worker.recall();
  one.worker.onMessage({ type: 'tainted' });
  one.worker.onRecalled(0);
  // Neither was begun.
  one.worker.onRecalled(2);
  assert.deepEqual(one.recalled, [first, second]);
  assert.equal(one.kills, 1);
});

test('a run that one worker after the other gives back ends', async () => {
  const [run] = new Case().begin('again and again');
  for (let count = 0; count < 4; count += 1) {
    const next = new Case();
    next.worker.load(next.line, run!, {});
    next.worker.onMessage({ type: 'loaded', convention: 'payload' });
    next.worker.onMessage({ type: 'tainted' });
    next.worker.onRecalled(1);
    assert.equal(next.recalled.length, count < 3 ? 1 : 0);
  }
  assert.equal(await reasonOf(run!), 'worker_lost');
});

test('a tainted worker is asked once for what it has', () => {
  const one = new Case();
  one.begin('first');
  for (let count = 0; count < 3; count += 1) {
    one.worker.onMessage({ type: 'tainted' });
    one.worker.onRecalled(0);
  }
  assert.equal(one.sent.filter(({ type }) => type === 'recall').length, 1);
});

test('what a killed worker went on with is not begun elsewhere', async () => {
  const one = new Case();
  const [first, second, third, fourth] = one.begin('first', 'second', 'third', 'fourth');
  one.worker.kill({ reason: 'timeout', message: 'too late' });
  // Said before it was killed, heard after.
  one.end(1);
  one.end(2, '"done"');
  one.worker.onExit({ how: 'signal', signal: 'SIGKILL' });
  assert.deepEqual(await Promise.all([first!, second!, third!].map(reasonOf)), ['timeout', 'ok', 'worker_lost']);
  assert.deepEqual(one.recalled, [fourth]);
});

test('a killed worker whose run left children began none of those sent ahead', async () => {
  const one = new Case();
  const [first, second] = one.begin('first', 'second');
  one.worker.kill({ reason: 'timeout', message: 'too late' });
  one.end(1, 'null', true);
  await new Promise((resolve) => setImmediate(resolve));
  one.worker.onExit({ how: 'signal', signal: 'SIGKILL' });
  assert.equal(await reasonOf(first!), 'timeout');
  assert.deepEqual(one.recalled, [second]);
});

test('a queued run that was sent ahead is told of before the worker can begin it', () => {
  const one = new Case();
  one.begin('sync');
  assert.equal(one.worker.isPatient, false);
  const queued = one.run({ payload: 'queued', wait: 'patient' });
  one.worker.sendAhead(queued);
  assert.equal(one.told.at(-1), queued);
  assert.equal(one.worker.isPatient, true);
  one.worker.recall();
  one.worker.onRecalled(1);
  assert.equal(one.worker.isPatient, false);
});

test('a worker is measured once, before a function is in it', () => {
  const one = new Case();
  one.begin('first');
  one.worker.baseline = 1;
  one.worker.onMessage({ type: 'ready' });
  assert.equal(one.worker.baseline, 1);
});
