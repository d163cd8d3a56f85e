import type { Announcement, Queue } from '../contract/queue.js';
import { LanewayError } from '../errors.js';
import { announcementId } from './announcement-id.js';
import { WaitingLine } from './waiting-line.js';

type Handle = (announcement: Announcement) => Promise<void>;

/** bounded: where nothing takes announcements, runs beyond this are in the records alone, where the sweep finds them. */
const defaultMaxWaiting = 250_000;

/** The queue of a server that is alone: a line in memory. The records rebuild it after a restart. */
export class EmbeddedQueue implements Queue {
  readonly #line = new WaitingLine();
  /** Ids of what is waiting or being handled. */
  readonly #held = new Set<string>();
  readonly #maxWaiting: number;
  #delivery: { concurrency: number; handle: Handle } | null = null;
  #stopped = false;
  #closed = false;
  #active = 0;
  #deliverySoon = false;
  #whenIdle: (() => void)[] = [];

  constructor(settings: { maxWaiting?: number } = {}) {
    this.#maxWaiting = settings.maxWaiting ?? defaultMaxWaiting;
  }

  async announce(announcements: readonly Announcement[]): Promise<void> {
    if (this.#closed) throw new LanewayError('queue_unavailable', { problem: 'it is closed' });
    this.#deliverSoon();
    for (const announcement of announcements) this.#add(announcement);
  }

  start(concurrency: number, handle: Handle): void {
    if (this.#delivery !== null || this.#stopped) throw new Error('the queue was started before');
    this.#delivery = { concurrency, handle };
    this.#deliverSoon();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#active > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async check(): Promise<void> {
    if (this.#closed) throw new LanewayError('queue_unavailable', { problem: 'it is closed' });
  }

  async depth(): Promise<number> {
    return this.#line.length;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
    this.#line.clear();
    this.#held.clear();
  }

  #add(announcement: Announcement): void {
    const id = announcementId(announcement);
    if (this.#held.has(id)) return;
    if (this.#line.length >= this.#maxWaiting) {
      throw new LanewayError('queue_unavailable', {
        problem: `${this.#maxWaiting} announcements are waiting, which is the limit`,
      });
    }
    this.#held.add(id);
    this.#line.push(announcement);
  }

  /** After this turn of the loop: what is announced in one turn is put in order, and its claims share a transaction. */
  #deliverSoon(): void {
    if (this.#deliverySoon) return;
    this.#deliverySoon = true;
    setImmediate(() => {
      this.#deliverySoon = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#delivery === null) return;
    const { concurrency, handle } = this.#delivery;
    while (!this.#stopped && this.#active < concurrency) {
      const announcement = this.#line.shift();
      if (announcement === undefined) return;
      this.#active += 1;
      void this.#handOver(announcement, handle);
    }
  }

  async #handOver(announcement: Announcement, handle: Handle): Promise<void> {
    // A handler never rejects; if one did, its place must not stay taken.
    await handle(announcement).catch(() => {});
    this.#finish(announcement);
  }

  #finish(announcement: Announcement): void {
    this.#held.delete(announcementId(announcement));
    this.#active -= 1;
    this.#deliver();
    if (this.#active > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
