import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeployedVersion } from '../../src/contract/executor.js';
import type { ManifestWarm } from '../../src/contract/manifest.js';
import { floorAt } from '../../src/schedules/warm-windows.js';
import { type Clock, FloorTimes } from '../../src/warming/floor-times.js';

/** A clock that goes as far as it is told, calling back on the way. */
class HandClock implements Clock {
  #now: number;
  #calls = new Map<() => void, number>();

  constructor(time: string) {
    this.#now = Date.parse(time);
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    this.#calls.set(call, this.#now + ms);
    return () => void this.#calls.delete(call);
  }

  goTo(time: string): void {
    const end = Date.parse(time);
    for (;;) {
      const next = [...this.#calls].sort(([, one], [, other]) => one - other)[0];
      if (next === undefined || next[1] > end) break;
      this.#calls.delete(next[0]);
      this.#now = Math.max(this.#now, next[1]);
      next[0]();
    }
    this.#now = end;
  }

  /** As after a sleep of the machine: nothing was called on the way, and timers go on from where they were. */
  jumpTo(time: string): void {
    const slept = Date.parse(time) - this.#now;
    this.#now += slept;
    for (const [call, at] of this.#calls) this.#calls.set(call, at + slept);
  }

  get waits(): number {
    return this.#calls.size;
  }
}

function open(time: string) {
  const clock = new HandClock(time);
  const told: string[] = [];
  const keepWarm = ({ version }: { version: DeployedVersion }, min: number) => {
    told.push(`${new Date(clock.now()).toISOString().slice(5, 16)} ${version.key} ${min}`);
  };
  const times = new FloorTimes({ workers: { keepWarm }, floorAt, clock });
  const set = (key: string, warm: ManifestWarm) => {
    const version = { key } as DeployedVersion;
    times.set({
      target: { version, entry: { runtime: 'node', file: 'index.mjs' }, isolation: 'thread' },
      warm,
      onProblem: () => {},
    });
  };
  return { clock, told, times, set };
}

const morning = { cron: '0 8 * * *', minutes: 60 };

test('a floor is raised when its window opens and lowered when it closes, day by day', () => {
  const { clock, told, set } = open('2026-03-02T07:00:00Z');
  set('a', { min: 2, schedule: morning });
  clock.goTo('2026-03-03T12:00:00Z');
  assert.deepEqual(told, ['03-02T08:00 a 2', '03-02T09:00 a 0', '03-03T08:00 a 2', '03-03T09:00 a 0']);
});

test('a floor whose window is open already holds at once', () => {
  const { told, set } = open('2026-03-02T08:30:00Z');
  set('a', { min: 2, schedule: morning });
  assert.deepEqual(told, ['03-02T08:30 a 2']);
});

test('a floor without windows needs no clock', () => {
  const { clock, told, set } = open('2026-03-02T08:30:00Z');
  set('a', { min: 1 });
  assert.deepEqual([told, clock.waits], [['03-02T08:30 a 1'], 0]);
});

test('a floor that is taken away while it holds is lowered, and is not raised again', () => {
  const { clock, told, times, set } = open('2026-03-02T08:30:00Z');
  set('a', { min: 1, schedule: morning });
  times.remove('a');
  clock.goTo('2026-03-04T00:00:00Z');
  assert.deepEqual(told, ['03-02T08:30 a 1', '03-02T08:30 a 0']);
});

test('each floor has its own windows', () => {
  const { clock, told, set } = open('2026-03-02T07:00:00Z');
  set('a', { min: 1, schedule: morning });
  set('b', { min: 3, schedule: { cron: '30 8 * * *', minutes: 60 } });
  clock.goTo('2026-03-02T12:00:00Z');
  assert.deepEqual(told, ['03-02T08:00 a 1', '03-02T08:30 b 3', '03-02T09:00 a 0', '03-02T09:30 b 0']);
});

test('a machine that slept over a window has its floors right within a minute', () => {
  const { clock, told, set } = open('2026-03-02T08:30:00Z');
  set('a', { min: 1, schedule: morning });
  clock.jumpTo('2026-03-02T20:00:00Z');
  clock.goTo('2026-03-02T20:05:00Z');
  assert.deepEqual(told, ['03-02T08:30 a 1', '03-02T20:01 a 0']);
});
