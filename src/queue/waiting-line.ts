import type { Announcement } from '../contract/queue.js';

interface Place {
  announcement: Announcement;
  /** When it came, among those of the same priority. */
  seq: number;
}

/** Announcements by priority, then in the order they came: a binary heap, so that a long line costs no more than a short one. */
export class WaitingLine {
  readonly #heap: Place[] = [];
  #seq = 0;

  get length(): number {
    return this.#heap.length;
  }

  push(announcement: Announcement): void {
    this.#heap.push({ announcement, seq: this.#seq++ });
    this.#rise(this.#heap.length - 1);
  }

  shift(): Announcement | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first?.announcement;
    this.#heap[0] = last;
    this.#sink(0);
    return first.announcement;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #rise(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const child = left + 1 < this.#heap.length && this.#before(left + 1, left) ? left + 1 : left;
      if (child >= this.#heap.length || !this.#before(child, index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #before(left: number, right: number): boolean {
    const a = this.#heap[left]!;
    const b = this.#heap[right]!;
    return (
      a.announcement.priority > b.announcement.priority || (a.announcement.priority === b.announcement.priority && a.seq < b.seq)
    );
  }

  #swap(left: number, right: number): void {
    const place = this.#heap[left]!;
    this.#heap[left] = this.#heap[right]!;
    this.#heap[right] = place;
  }
}
