import type { RunState } from '../../../src/contract/words.js';

export const hour = 3_600_000;

/** A run as the state machine has it. Times are only `never`, `now` or an hour away, so that no clock decides. */
export interface ModelRun {
  id: string;
  state: RunState;
  /** Delayed by an hour, due, or ready. */
  wait: 'delayed' | 'due' | 'ready';
  /** Never, at once, or in an hour. */
  expires: 'never' | 'now' | 'later';
  fence: number;
  attempt: number;
  failures: number;
  deaths: number;
  priority: number;
  key: string | null;
  leaseEnded: boolean;
  cancelAsked: boolean;
  dead: boolean;
  redrivenAs: string | null;
  tell: { success: boolean; failure: boolean };
  delivery: 'pending' | 'taken' | 'delivered' | 'failed' | null;
  deliveries: number;
  payload: boolean;
}

/** What is asked for at acceptance. */
export type NewModelRun = Pick<ModelRun, 'id' | 'expires' | 'priority' | 'key' | 'tell'> & {
  delayed: boolean;
  straight: 'no' | 'held' | 'lost';
};

export const ends: readonly RunState[] = ['succeeded', 'failed', 'cancelled', 'expired'];

/**
 * The life of a queued run, in memory and one step at a time: what the records must do whatever the order of the calls.
 *
 * queued: delayed, due or ready. A ready one that has not expired can be claimed and is then running. running: ends, goes back to
 * queued (to be repeated, handed back, or taken back from a dead server), or is ended there when a cancel was asked for. Ended:
 * never moves again; failed and expired ones are dead letters until they are redriven or purged.
 */
export class RunModel {
  readonly runs = new Map<string, ModelRun>();
  readonly ended: Record<string, number> = { succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  accepted = 0;

  accept({ delayed, straight, ...run }: NewModelRun): void {
    const isRunning = straight !== 'no' && !delayed;
    this.accepted += 1;
    this.runs.set(run.id, {
      ...run,
      state: isRunning ? 'running' : 'queued',
      wait: delayed ? 'delayed' : 'ready',
      fence: 1,
      attempt: isRunning ? 1 : 0,
      failures: 0,
      deaths: 0,
      leaseEnded: straight === 'lost',
      cancelAsked: false,
      dead: false,
      redrivenAs: null,
      delivery: null,
      deliveries: 0,
      payload: true,
    });
  }

  canClaim(run: ModelRun): boolean {
    return run.state === 'queued' && run.wait === 'ready' && run.expires !== 'now';
  }

  claim(run: ModelRun, leaseEnded: boolean): void {
    run.state = 'running';
    run.fence += 1;
    run.attempt += 1;
    run.leaseEnded = leaseEnded;
  }

  end(run: ModelRun, state: RunState): RunState {
    run.state = state;
    run.leaseEnded = false;
    this.ended[state]! += 1;
    run.dead = state === 'failed' || state === 'expired';
    if (state === 'succeeded') run.payload = false;
    if ((state === 'succeeded' && run.tell.success) || (run.dead && run.tell.failure)) run.delivery = 'pending';
    return state;
  }

  /** A failed attempt that is to be repeated, at once or in an hour. */
  repeat(run: ModelRun, delayed: boolean): RunState {
    if (run.cancelAsked) return this.end(run, 'cancelled');
    if (run.expires === 'now' || (run.expires === 'later' && delayed)) return this.end(run, 'failed');
    run.state = 'queued';
    run.wait = delayed ? 'delayed' : 'due';
    run.failures += 1;
    return 'queued';
  }

  handBack(run: ModelRun): void {
    if (run.cancelAsked) this.end(run, 'cancelled');
    else run.state = 'queued';
  }

  takeBack(run: ModelRun): void {
    run.deaths += 1;
    run.fence += 1;
    if (run.cancelAsked) this.end(run, 'cancelled');
    else if (run.deaths >= 3) this.end(run, 'failed');
    else run.state = 'queued';
  }

  cancel(run: ModelRun): 'cancelled' | 'requested' | 'ended' {
    if (ends.includes(run.state)) return 'ended';
    run.cancelAsked = true;
    if (run.state === 'running') return 'requested';
    this.end(run, 'cancelled');
    return 'cancelled';
  }

  /** What claimNext has to take, in order; `left` are those that limits alone kept back. */
  next(
    order: readonly ModelRun[],
    count: number,
    limits: { all: number | null; perKey: number | null },
  ): { taken: ModelRun[]; left: number } {
    const running = [...this.runs.values()].filter(({ state }) => state === 'running');
    const room = Math.min(count, (limits.all ?? Infinity) - running.length);
    const taken: ModelRun[] = [];
    let left = 0;
    for (const run of order.filter((one) => this.canClaim(one))) {
      const ofKey = [...running, ...taken].filter(({ key }) => key !== null && key === run.key).length;
      const keyIsFull = limits.perKey !== null && run.key !== null && ofKey >= limits.perKey;
      if (taken.length < room && !keyIsFull) taken.push(run);
      else if (taken.length < count) left += 1;
    }
    return { taken, left };
  }

  counts(): Record<RunState | 'accepted', number> {
    const open = (state: RunState) => [...this.runs.values()].filter((run) => run.state === state).length;
    return { ...this.ended, queued: open('queued'), running: open('running'), accepted: this.accepted } as never;
  }
}
