import { setTimeout as sleep } from 'node:timers/promises';
import { ask, countOpen } from './client.js';
import { type Kind, newNap, newOrder, type Order } from './functions.js';
import type { Installation } from './installation.js';
import type { Random } from './random.js';
import type { ServerProcess } from './server-process.js';

export interface LoadOptions {
  /** Requests to start a run that are under way at once. */
  clients: number;
  /** No more are started while so many have not ended. */
  maxOpen: number;
  longestNapMs: number;
  /** Of all clients together; as many as are taken when it is not said. */
  perSecond?: number;
  /** Instead of some of each kind. */
  only?: Kind;
}

/** Shares of runs that are cancelled, and that have an idempotency key. */
const cancelled = 0.04;
const keyed = 0.15;

/** Starts runs without end, with ids of its own, and notes what it was told of each. */
export class Load {
  readonly orders = new Map<string, Order>();
  readonly acknowledged = new Set<string>();
  readonly cancelAsked = new Set<string>();
  readonly cancelTold = new Set<string>();
  /** Refused, by status; and answered by nobody. */
  readonly refused = new Map<number, number>();
  unanswered = 0;
  asked = 0;
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

  /** Long work for one server, begun before everything that waits. */
  async startNaps(server: ServerProcess, { count, ms }: { count: number; ms: number }): Promise<void> {
    const orders = Array.from({ length: count }, () => newNap(this.random, { n: (this.asked += 1), ms }));
    for (const order of orders) this.orders.set(order.id, order);
    await Promise.all(orders.map((order) => this.#accepted(order, server, null)));
  }

  /** One client: it starts a run, waits for the answer and starts the next. */
  async #startRuns(): Promise<void> {
    const { random, installation, options } = this;
    const pauseMs = options.perSecond === undefined ? 0 : (1000 * options.clients) / options.perSecond;
    while (!this.#stopped) {
      if (pauseMs > 0) await sleep(pauseMs);
      const listening = installation.servers.filter(({ url }) => url !== null);
      if (listening.length === 0 || this.#open + this.#sinceCounted >= options.maxOpen) {
        await sleep(20);
        continue;
      }
      this.#sinceCounted += 1;
      const order = newOrder(random, { n: (this.asked += 1), ...options });
      const key = random.next() < keyed ? `key-${order.id}` : null;
      if (key === null) this.orders.set(order.id, order);
      const ask = () => this.#accepted(order, random.pick(installation.servers), key);
      const isAnswered = await this.#accepted(order, random.pick(listening), key);
      // Nobody knows whether it was accepted. Asked once more with the same id or key, a server says so.
      if (!isAnswered) this.#later(random.between(100, 1500), ask);
      if (random.next() < cancelled) this.#later(random.between(0, 1000), () => this.#cancel(order.id));
    }
  }

  /** With a run id of the caller's, or with an idempotency key: then the server makes the id. False when there was no answer. */
  async #accepted(order: Order, server: ServerProcess, key: string | null): Promise<boolean> {
    const answer = await ask(server, 'POST', '/api/v1/runs', {
      function: order.kind,
      mode: 'queued',
      payload: order.payload,
      ...(key === null ? { run_id: order.id } : { idempotency_key: key, caller_id: key }),
      ...(order.delayMs === null ? {} : { delay_ms: order.delayMs }),
      ...(order.expiresAfterMs === null ? {} : { expires_after_ms: order.expiresAfterMs }),
      ...(order.priority === null ? {} : { priority: order.priority }),
    });
    if (answer === null) {
      this.unanswered += 1;
      return false;
    }
    if (answer.status === 202) this.#acknowledge({ ...order, id: (JSON.parse(answer.text) as { id: string }).id });
    else if (answer.status === 409 && answer.text.includes('run_id_in_use')) this.#acknowledge(order);
    else await this.#refuse(answer.status);
    return true;
  }

  #acknowledge(order: Order): void {
    this.orders.set(order.id, order);
    this.acknowledged.add(order.id);
  }

  async #refuse(status: number): Promise<void> {
    this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
    await sleep(100);
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
