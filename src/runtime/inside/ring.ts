/** Longer texts go by the port: a ring that holds only a few of them would be no queue. */
export const longestText = 4096;

/** A power of two, so that the counters may wrap. */
const room = 64 * 1024;
const prefixBytes = 8;
/** In place of a length: the rest up to the end of the memory is not used. */
const skipped = -1;

/** Where the counters are, as 32 bit numbers at the beginning of the memory. */
const written = 0;
const taken = 1;
const resting = 2;
const counters = 4;

/** Shared memory that one direction takes. */
export function ringMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(counters * 4 + room);
}

/**
 * A queue of short texts in memory that two threads share: one writes, one takes. A message by port costs each of them the same,
 * however many there are; here only a reader that rests has to be woken, by port.
 *
 * `written` and `taken` count bytes and never go back, so that a text is taken by one step of `taken`, and what was not taken
 * can be taken back by one step too: whoever is first has it.
 */
export class Ring {
  readonly #counters: Int32Array;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Where the texts end that were not taken when the writer last looked. */
  #ends: number[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, counters);
    this.#bytes = Buffer.from(memory, counters * 4, room);
    this.#view = new DataView(memory, counters * 4, room);
  }

  /** For the writer. False when it does not fit. */
  write(text: string, mark: number): boolean {
    if (text.length > longestText) return false;
    const most = padded(prefixBytes + text.length * 3);
    const at = this.#placeFor(most);
    if (at === null) return false;
    const place = placeOf(at);
    const bytes = this.#bytes.write(text, place + prefixBytes);
    this.#view.setInt32(place, bytes, true);
    this.#view.setInt32(place + 4, mark, true);
    const end = step(at, padded(prefixBytes + bytes));
    this.#ends.push(end);
    Atomics.store(this.#counters, written, end);
    return true;
  }

  /** For the writer, after it wrote: whether the reader rests and has to be woken. True once for each rest. */
  mustWake(): boolean {
    return Atomics.load(this.#counters, resting) === 1 && Atomics.exchange(this.#counters, resting, 0) === 1;
  }

  /** For the writer: the reader gets no text that it has not taken by now. Returns how many these are. */
  takeBack(): number {
    for (;;) {
      const at = Atomics.load(this.#counters, taken);
      const end = Atomics.load(this.#counters, written);
      if (Atomics.compareExchange(this.#counters, taken, at, end) !== at) continue;
      const left = this.#ends.filter((each) => isAfter(each, at)).length;
      this.#ends = [];
      return left;
    }
  }

  /** For the reader: the mark of the next text; null when there is none. */
  nextMark(): number | null {
    const at = this.#next(Atomics.load(this.#counters, taken));
    return at === null ? null : this.#view.getInt32(placeOf(at) + 4, true);
  }

  /** For the reader: the next text if it has this mark; null when there is none (any more). */
  take(mark: number): string | null {
    const before = Atomics.load(this.#counters, taken);
    const at = this.#next(before);
    if (at === null) return null;
    const place = placeOf(at);
    const bytes = this.#view.getInt32(place, true);
    // Looked at again: another text may have taken the place of one that was taken back.
    if (this.#view.getInt32(place + 4, true) !== mark) return null;
    const text = this.#bytes.toString('utf8', place + prefixBytes, place + prefixBytes + bytes);
    const after = step(at, padded(prefixBytes + bytes));
    return Atomics.compareExchange(this.#counters, taken, before, after) === before ? text : null;
  }

  /** For the reader: it will look again only when it is woken. False when there is something already. */
  rest(): boolean {
    Atomics.store(this.#counters, resting, 1);
    if (Atomics.load(this.#counters, taken) === Atomics.load(this.#counters, written)) return true;
    // The writer may have seen it rest and wake it all the same: a look too many.
    Atomics.store(this.#counters, resting, 0);
    return false;
  }

  /** Where so many bytes can be written without a break; null when there is no room. */
  #placeFor(bytes: number): number | null {
    const at = Atomics.load(this.#counters, written);
    const takenAt = Atomics.load(this.#counters, taken);
    if (this.#ends.length > 0) this.#ends = this.#ends.filter((end) => isAfter(end, takenAt));
    const place = placeOf(at);
    const unused = place + bytes > room ? room - place : 0;
    if (((at - takenAt) >>> 0) + unused + bytes > room) return null;
    if (unused === 0) return at;
    this.#view.setInt32(place, skipped, true);
    return step(at, unused);
  }

  /** Where the next text begins; null when there is none. */
  #next(at: number): number | null {
    if (at === Atomics.load(this.#counters, written)) return null;
    const place = placeOf(at);
    return this.#view.getInt32(place, true) === skipped ? step(at, room - place) : at;
  }
}

function placeOf(at: number): number {
  return at & (room - 1);
}

function step(at: number, bytes: number): number {
  return (at + bytes) | 0;
}

function isAfter(one: number, other: number): boolean {
  return ((one - other) | 0) > 0;
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
