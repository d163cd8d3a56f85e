interface Entry<Value> {
  readonly key: string;
  value: Value;
  next: Entry<Value> | null;
}

/** A power of two. Chains stay short as long as not many more are there at once. */
const chains = 4096;

/**
 * A map of what stays briefly, one after the other, as runs do, by keys that differ in their last characters. A `Map` leaves its
 * table behind whenever it has seen enough of them, and V8 lets each table left behind keep the next one alive, and so all that
 * was in them, until the old generation is collected: every run would outlive its end by seconds.
 */
export class ShortLivedMap<Value> {
  readonly #chains: (Entry<Value> | null)[] = Array.from({ length: chains }, () => null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#entryOf(key)?.value;
  }

  set(key: string, value: Value): void {
    const entry = this.#entryOf(key);
    if (entry !== null) {
      entry.value = value;
      return;
    }
    const chain = chainOf(key);
    this.#chains[chain] = { key, value, next: this.#chains[chain]! };
    this.#size += 1;
  }

  /** False when there was nothing. */
  delete(key: string): boolean {
    const chain = chainOf(key);
    let before: Entry<Value> | null = null;
    for (let entry = this.#chains[chain] ?? null; entry !== null; before = entry, entry = entry.next) {
      if (entry.key !== key) continue;
      if (before === null) this.#chains[chain] = entry.next;
      else before.next = entry.next;
      this.#size -= 1;
      return true;
    }
    return false;
  }

  /** In no order. What is set or deleted meanwhile may come or not. */
  *values(): IterableIterator<Value> {
    for (const { value } of this.#entries()) yield value;
  }

  *keys(): IterableIterator<string> {
    for (const { key } of this.#entries()) yield key;
  }

  *#entries(): IterableIterator<Entry<Value>> {
    if (this.#size === 0) return;
    for (const first of this.#chains) for (let entry = first; entry !== null; entry = entry.next) yield entry;
  }

  #entryOf(key: string): Entry<Value> | null {
    for (let entry = this.#chains[chainOf(key)] ?? null; entry !== null; entry = entry.next) if (entry.key === key) return entry;
    return null;
  }
}

function chainOf(key: string): number {
  let hash = 0;
  for (let at = Math.max(0, key.length - 6); at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return hash & (chains - 1);
}
