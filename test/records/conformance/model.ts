import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Claim, Records, RunEnd, RunRecord } from '../../../src/contract/records.js';
import { runStates, type RunState } from '../../../src/contract/words.js';
import { failed, newRun, succeeded } from '../sample-runs.js';
import type { RecordsWay } from '../ways.js';
import { ends, hour, RunModel, type ModelRun } from './run-model.js';

const line = { function: 'hello', lane: 'latest' };
const sayDone = { event: 'done' };

const withOne = ['renew', 'handBack', 'cancel', 'redrive', 'purge', 'settle'] as const;
const withAll = ['expire', 'release', 'recover', 'deliver', 'forget', 'forgetDead'] as const;

/** One of the latest runs: so calls meet on the same ones. */
const whose = fc.nat({ max: 4 });
const fence = fc.constantFrom(0, 0, 0, -1, 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('accept' as const),
      delayed: fc.boolean(),
      expires: fc.constantFrom('never', 'never', 'now', 'later' as const),
      straight: fc.constantFrom('no', 'no', 'held', 'lost' as const),
      priority: fc.constantFrom(-1, 0, 0, 7),
      key: fc.constantFrom(null, 'key-a', 'key-b'),
      success: fc.boolean(),
      failure: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('claim' as const), whose, fence, lost: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('claimNext' as const),
      count: fc.integer({ min: 1, max: 4 }),
      all: fc.constantFrom(null, 2, 5),
      perKey: fc.constantFrom(null, 1, 2),
      lost: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('end' as const),
      whose,
      fence,
      as: fc.constantFrom('succeeded', 'failed', 'cancelled', 'expired', 'again', 'again later' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constantFrom(...withOne),
      whose,
      fence,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom(...withAll) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

export function testModel(way: RecordsWay): void {
  test('calls in any order leave the states, fences, dead letters and counts of the model', { timeout: 280_000 }, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 50, size: 'max' }), async (steps) => {
        const { records, other, close } = await way.openOnce();
        try {
          const both = new BothSides(records, other);
          for (const one of steps) await both.carryOut(one);
          await both.compare();
        } finally {
          await close();
        }
      }),
      { numRuns: way.modelRuns, seed: 20_261_120 },
    );
    t.diagnostic(`${way.modelRuns} sequences`);
  });
}

/** The records and the model, which are told the same. */
class BothSides {
  readonly #model = new RunModel();
  #turn = 0;

  constructor(
    private readonly one: Records,
    private readonly other: Records,
  ) {}

  async carryOut(step: Step): Promise<void> {
    switch (step.does) {
      case 'accept':
        return this.#accept(step);
      case 'claim':
        return this.#claim(step);
      case 'claimNext':
        return this.#claimNext(step);
      case 'end':
        return this.#end(step);
      case 'renew':
      case 'handBack':
      case 'cancel':
      case 'redrive':
      case 'purge':
      case 'settle':
        return this.#withOne(step);
      default:
        return this.#withAll(step.does);
    }
  }

  /** Everything that can be asked for is as the model has it. */
  async compare(): Promise<void> {
    const { runs } = this.one;
    const rows = await runs.list({}, 10_000, null);
    assert.deepEqual(sorted(rows.map(({ id }) => id)), sorted([...this.#model.runs.keys()]), 'ids');
    for (const row of rows) this.#compareRun(row, this.#model.runs.get(row.id)!);
    for (const { id, payload } of this.#model.runs.values()) assert.equal((await runs.payload(id)) !== null, payload, 'payload');
    const counts = this.#model.counts();
    assert.deepEqual(await runs.countByState(), counts);
    assert.deepEqual(await runs.countByLine(), this.#model.accepted === 0 ? [] : [{ ...line, ...counts }]);
    const dead = [...this.#model.runs.values()].filter((run) => run.dead).map(({ id }) => id);
    assert.deepEqual(await runs.countDead(), dead.length === 0 ? [] : [{ ...line, runs: dead.length }]);
    assert.deepEqual(sorted((await runs.list({ dead: true }, 10_000, null)).map(({ id }) => id)), sorted(dead));
    assert.deepEqual(await runs.linesInQueue(), counts.queued === 0 ? [] : [line]);
    for (const state of runStates) {
      const ofState = rows.filter((row) => row.state === state).length;
      assert.equal((await runs.list({ states: [state] }, 10_000, null)).length, ofState, state);
      if (!ends.includes(state)) assert.equal(ofState, counts[state], `conservation of ${state}`);
    }
  }

  #compareRun(row: RunRecord, run: ModelRun): void {
    assert.deepEqual(
      {
        state: row.state,
        fence: row.fence,
        attempt: row.attempt,
        failures: row.failures,
        deaths: row.deaths,
        dead: row.deadAt !== null,
        redrivenAs: row.redrivenAs,
        cancelAsked: row.cancelRequestedAt !== null,
        leased: row.leaseOwner !== null && row.leaseUntil !== null,
        ended: row.endedAt !== null,
        delivery: row.delivery === null ? null : [row.delivery.state, row.delivery.attempts],
      },
      {
        state: run.state,
        fence: run.fence,
        attempt: run.attempt,
        failures: run.failures,
        deaths: run.deaths,
        dead: run.dead,
        redrivenAs: run.redrivenAs,
        cancelAsked: run.cancelAsked,
        leased: run.state === 'running',
        ended: ends.includes(run.state),
        delivery: run.delivery === null ? null : [run.delivery === 'taken' ? 'pending' : run.delivery, run.deliveries],
      },
    );
    if (run.state === 'queued') assert.equal(row.readyAt !== null, run.wait === 'ready', 'ready');
    if (row.deadAt !== null) assert.equal(row.deadAt, row.endedAt);
    assert.equal(row.reason !== null && row.state !== 'queued' && row.state !== 'running', row.state === 'failed', 'reason');
  }

  async #accept(step: Step & { does: 'accept' }): Promise<void> {
    const id = randomUUID();
    this.#model.accept({ ...step, id, tell: { success: step.success, failure: step.failure } });
    const answer = await this.#server.runs.accept(
      newRun({
        id,
        keyId: step.key,
        priority: step.priority,
        delayMs: step.delayed ? hour : 0,
        expiresAfterMs: { never: null, now: 0, later: hour }[step.expires],
        policy: {
          retry: null,
          onSuccess: step.success ? sayDone : null,
          onFailure: step.failure ? sayDone : null,
        },
        straight: step.straight === 'no' ? null : { owner: 'me', leaseMs: step.straight === 'held' ? hour : -1000 },
        // Sometimes beside the row.
        payload: this.#turn % 3 === 0 ? JSON.stringify('x'.repeat(5000)) : '"small"',
      }),
    );
    assert.equal(answer.how, this.#model.runs.get(id)!.state);
  }

  async #claim({ whose, fence, lost }: Step & { does: 'claim' }): Promise<void> {
    const run = this.#pick(whose);
    if (run === null) return;
    const claimed = await this.#server.runs.claim(claimOn(run, fence), byMe(lost));
    if (fence !== 0 || !this.#model.canClaim(run)) return assert.equal(claimed, null);
    this.#model.claim(run, lost);
    assert.ok(claimed !== null && claimed !== 'limited');
    assert.deepEqual([claimed.run.id, claimed.run.state, claimed.payload === null], [run.id, 'running', false]);
  }

  async #claimNext({ count, all, perKey, lost }: Step & { does: 'claimNext' }): Promise<void> {
    const keys = perKey === null ? [] : ['key-a', 'key-b'].map((id) => ({ id, max: perKey }));
    const limits = all === null && perKey === null ? null : { function: all, lane: all, keys };
    const waiting = await this.one.runs.list({ states: ['queued'] }, 10_000, null);
    waiting.sort((a, b) => b.priority - a.priority || a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
    const order = waiting.map(({ id }) => this.#model.runs.get(id)!);
    const { taken, left } = this.#model.next(order, count, { all, perKey });
    const claimed = await this.#server.runs.claimNext(line, count, { ...byMe(lost), limits });
    assert.deepEqual(
      claimed.runs.map(({ run }) => run.id),
      taken.map(({ id }) => id),
    );
    for (const run of taken) this.#model.claim(run, lost);
    if (taken.length < count && left > 0) assert.equal(claimed.limited, true, 'limited');
    if (limits === null) assert.equal(claimed.limited, false);
  }

  async #end({ whose, fence, as }: Step & { does: 'end' }): Promise<void> {
    const run = this.#pick(whose);
    if (run === null) return;
    const again = as === 'again' || as === 'again later';
    const end: RunEnd = again
      ? {
          ...failed,
          state: 'queued',
          reason: 'exit_code',
          message: 'once more',
          exitCode: 3,
          timings: null,
          retryInMs: as === 'again' ? 0 : hour,
        }
      : as === 'succeeded'
        ? succeeded
        : as === 'failed'
          ? failed
          : { state: as, message: null, timings: null };
    const became = await this.#server.runs.end(claimOn(run, fence), end);
    if (fence !== 0 || run.state !== 'running') return assert.equal(became, null);
    const expected: RunState = again ? this.#model.repeat(run, as === 'again later') : this.#model.end(run, as);
    assert.equal(became, expected);
  }

  async #withOne({ does, whose, fence }: Step & { does: (typeof withOne)[number] }): Promise<void> {
    const run = this.#pick(whose);
    if (run === null) return;
    const { runs } = this.#server;
    const isHeld = fence === 0 && run.state === 'running';
    switch (does) {
      case 'renew': {
        const expected = isHeld ? (run.cancelAsked ? 'cancel' : 'held') : 'lost';
        assert.deepEqual(await runs.renew([claimOn(run, fence)], hour), [expected]);
        if (isHeld) run.leaseEnded = false;
        return;
      }
      case 'handBack':
        assert.equal(await runs.handBack(claimOn(run, fence)), isHeld);
        if (isHeld) this.#model.handBack(run);
        return;
      case 'cancel':
        return assert.equal(await runs.requestCancel(run.id), this.#model.cancel(run));
      case 'redrive': {
        const again = newRun({ redriveOf: run.id });
        if (!run.dead) return assert.rejects(runs.accept(again), { code: 'not_dead_letter' });
        await runs.accept(again);
        run.dead = false;
        run.redrivenAs = again.id;
        const asked = { delayed: false, straight: 'no', expires: 'never', priority: 0, key: null } as const;
        return this.#model.accept({ ...asked, id: again.id, tell: { success: false, failure: false } });
      }
      case 'purge':
        assert.equal(await runs.purgeDead([run.id]), run.dead ? 1 : 0);
        if (run.dead) run.payload = false;
        run.dead = false;
        return;
      default:
        // One that was not taken, or taken again since, is not settled.
        await runs.settleDelivery(run.id, run.deliveries + fence, { problem: fence === 0 ? null : 'no', retryInMs: null });
        if (fence === 0 && (run.delivery === 'taken' || run.delivery === 'pending')) run.delivery = 'delivered';
    }
  }

  async #withAll(does: (typeof withAll)[number]): Promise<void> {
    const { runs } = this.#server;
    const all = [...this.#model.runs.values()];
    const queued = all.filter(({ state }) => state === 'queued');
    switch (does) {
      case 'expire': {
        const over = queued.filter(({ expires }) => expires === 'now');
        assert.deepEqual(sorted(await runs.expire(1000)), sorted(over.map(({ id }) => id)));
        for (const run of over) this.#model.end(run, 'expired');
        return;
      }
      case 'release': {
        const due = queued.filter(({ wait }) => wait === 'due');
        const delayed = queued.filter(({ wait }) => wait !== 'ready');
        const next = await runs.nextDue();
        if (due.length > 0) assert.equal(next, 0);
        else assert.equal(next === null, delayed.length === 0);
        assert.deepEqual(await runs.release(1000), { released: due.length, lines: due.length === 0 ? [] : [line] });
        for (const run of due) run.wait = 'ready';
        return;
      }
      case 'recover': {
        const lost = all.filter((run) => run.state === 'running' && run.leaseEnded);
        const seen = await runs.lost(1000, null);
        assert.deepEqual(sorted(seen.map(({ runId }) => runId)), sorted(lost.map(({ id }) => id)));
        const { recovered, ended } = await runs.recoverLost(seen);
        for (const run of lost) this.#model.takeBack(run);
        assert.equal(recovered, lost.filter(({ state }) => state === 'queued').length);
        assert.deepEqual(sorted(ended), sorted(lost.filter(({ state }) => state !== 'queued').map(({ id }) => id)));
        return;
      }
      case 'deliver': {
        const due = all.filter(({ delivery }) => delivery === 'pending');
        const taken = await runs.takeDeliveries(1000, hour);
        assert.deepEqual(sorted(taken.map(({ id }) => id)), sorted(due.map(({ id }) => id)));
        for (const run of due) {
          run.delivery = 'taken';
          run.deliveries += 1;
        }
        return;
      }
      default: {
        const time = (await runs.now()) + hour;
        const what = { endedBefore: does === 'forget' ? time : 0, deadBefore: does === 'forget' ? 0 : time, keepAtMost: null };
        const over = all.filter(
          (run) =>
            ends.includes(run.state) &&
            run.dead === (does === 'forgetDead') &&
            run.delivery !== 'pending' &&
            run.delivery !== 'taken',
        );
        assert.equal(await runs.forget(what, 1000), over.length);
        for (const { id } of over) this.#model.runs.delete(id);
      }
    }
  }

  /** One server after the other. */
  get #server(): Records {
    this.#turn += 1;
    return this.#turn % 2 === 0 ? this.one : this.other;
  }

  #pick(index: number): ModelRun | null {
    return [...this.#model.runs.values()].at(-1 - index) ?? null;
  }
}

function claimOn(run: ModelRun, fence: number): Claim {
  return { runId: run.id, fence: run.fence + fence };
}

function byMe(lost: boolean) {
  return { owner: 'me', leaseMs: lost ? -1000 : hour, limits: null };
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort();
}
