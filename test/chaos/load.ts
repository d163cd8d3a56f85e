import { setTimeout as sleep } from 'node:timers/promises';
import { ask, countOpen } from './client.js';
import { type Kind, newOrder, type Order } from './functions.js';
import type { Installation } from './installation.js';
import type { Random } from './random.js';
import type { ServerProcess } from './server-process.js';

export interface LoadOptions {
  /** Requests to start a run that are under way at once. */
  clients: number;
  /** No more are started while so many have not ended. */
  maxOpen: number;
  longestNapMs: number;
  /** Instead of some of each kind. */
  only?: Kind;
}

/** Share of runs that is cancelled. */
const cancelled = 0.04;

/** Starts runs without end, with ids of its own, and notes what it was told of each. */
export class Load {
  readonly orders = new Map<string, Order>();
  readonly acknowledged = new Set<string>();
  readonly cancelAsked = new Set<string>();
  readonly cancelTold = new Set<string>();
  /** Refused with a clear answer, and answered by nobody. */
  refused = 0;
  unanswered = 0;
  mostOpen = 0;
  #open = 0;
  #sinceCounted = 0;
  #stopped = false;
  readonly #under = new Set<Promise<void>>();
  readonly #loops: Promise<void>[];

  constructor(
    private readonly installation: Installation,
    private readonly random: Random,
    private readonly options: LoadOptions,
  ) {
    const clients = Array.from({ length: options.clients }, () => this.#startRuns());
    this.#loops = [...clients, this.#watchOpen()];
  }

  /** Resolves when every request has its answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#under);
  }

  /** One client: it starts a run, waits for the answer and starts the next. */
  async #startRuns(): Promise<void> {
    const { random, installation, options } = this;
    while (!this.#stopped) {
      const listening = installation.servers.filter(({ url }) => url !== null);
      if (listening.length === 0 || this.#open + this.#sinceCounted >= options.maxOpen) {
        await sleep(20);
        continue;
      }
      this.#sinceCounted += 1;
      const order = newOrder(random, { n: this.orders.size, ...options });
      this.orders.set(order.id, order);
      const isAnswered = await this.#accepted(order, random.pick(listening));
      // Nobody knows whether it was accepted. Asked once more with the same id, a server says so.
      if (!isAnswered) this.#later(random.between(100, 1500), () => this.#accepted(order, random.pick(installation.servers)));
      if (random.next() < cancelled) this.#later(random.between(0, 1000), () => this.#cancel(order.id));
    }
  }

  /** False when there was no answer. */
  async #accepted({ id, kind, payload }: Order, server: ServerProcess): Promise<boolean> {
    const answer = await ask(server, 'POST', '/api/v1/runs', { function: kind, mode: 'queued', run_id: id, payload });
    if (answer === null) {
      this.unanswered += 1;
      return false;
    }
    const isKnown = answer.status === 202 || (answer.status === 409 && answer.text.includes('run_id_in_use'));
    if (isKnown) this.acknowledged.add(id);
    else this.refused += 1;
    return true;
  }

  async #cancel(id: string): Promise<void> {
    this.cancelAsked.add(id);
    const answer = await ask(this.random.pick(this.installation.servers), 'POST', `/api/v1/runs/${id}/cancel`);
    if (answer?.status === 200 && (JSON.parse(answer.text) as { state: string }).state === 'cancelled') this.cancelTold.add(id);
  }

  async #watchOpen(): Promise<void> {
    while (!this.#stopped) {
      const server = this.installation.servers.find(({ url }) => url !== null);
      const open = server === undefined ? null : await countOpen(server);
      if (open !== null) {
        this.#open = open;
        this.#sinceCounted = 0;
      }
      this.mostOpen = Math.max(this.mostOpen, this.#open);
      await sleep(100);
    }
  }

  #later(ms: number, work: () => Promise<unknown>): void {
    const under = sleep(ms)
      .then(work)
      .then(() => undefined);
    this.#under.add(under);
    void under.finally(() => this.#under.delete(under));
  }
}
