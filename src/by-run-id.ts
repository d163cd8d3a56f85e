interface Entry<Value> {
  readonly id: string;
  value: Value;
  next: Entry<Value> | null;
}

/** A power of two. Chains stay short as long as not many more runs are there at once. */
const chains = 4096;

/**
 * What belongs to the runs that are here, by id: each stays briefly, and there are many one after the other. A `Map` leaves its
 * table behind whenever it has seen enough of them, and V8 lets each table left behind keep the next one alive, and so all that
 * was in them, until the old generation is collected: every run would outlive its end by seconds.
 */
export class ByRunId<Value> {
  readonly #chains: (Entry<Value> | null)[] = Array.from({ length: chains }, () => null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): Value | undefined {
    return this.#entryOf(id)?.value;
  }

  set(id: string, value: Value): void {
    const entry = this.#entryOf(id);
    if (entry !== null) {
      entry.value = value;
      return;
    }
    const chain = chainOf(id);
    this.#chains[chain] = { id, value, next: this.#chains[chain]! };
    this.#size += 1;
  }

  /** False when there was nothing. */
  delete(id: string): boolean {
    const chain = chainOf(id);
    let before: Entry<Value> | null = null;
    for (let entry = this.#chains[chain] ?? null; entry !== null; before = entry, entry = entry.next) {
      if (entry.id !== id) continue;
      if (before === null) this.#chains[chain] = entry.next;
      else before.next = entry.next;
      this.#size -= 1;
      return true;
    }
    return false;
  }

  /** In no order. What is set or deleted meanwhile may come or not. */
  *values(): IterableIterator<Value> {
    if (this.#size === 0) return;
    for (const first of this.#chains) for (let entry = first; entry !== null; entry = entry.next) yield entry.value;
  }

  #entryOf(id: string): Entry<Value> | null {
    for (let entry = this.#chains[chainOf(id)] ?? null; entry !== null; entry = entry.next) if (entry.id === id) return entry;
    return null;
  }
}

/** The last characters of a run's id are random. */
function chainOf(id: string): number {
  let hash = 0;
  for (let at = Math.max(0, id.length - 6); at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) | 0;
  return hash & (chains - 1);
}
