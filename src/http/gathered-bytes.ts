/** A smaller body comes in a piece or two. */
const worthKnowing = 256 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Bytes that come in pieces, put into one buffer as they come. A list of the pieces would take hundreds of bytes for each,
 * and a client may send every byte as a piece of its own.
 */
export class GatheredBytes {
  #bytes: Buffer;
  #size = 0;

  /** `expected` is how many will come, where that is known: then nothing is copied as they come. */
  constructor(expected = 0) {
    this.#bytes = expected > worthKnowing ? Buffer.allocUnsafeSlow(expected) : nothing;
  }

  get size(): number {
    return this.#size;
  }

  add(piece: Buffer): void {
    if (this.#size === 0 && piece.length > this.#bytes.length) this.#bytes = piece;
    else this.#append(piece);
    this.#size += piece.length;
  }

  /** All that came, in order; it starts anew. */
  take(): Buffer {
    const taken = this.#size === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#size);
    this.#bytes = nothing;
    this.#size = 0;
    return taken;
  }

  #append(piece: Buffer): void {
    const needed = this.#size + piece.length;
    // The first piece is kept as it came, and is always full.
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#size));
      this.#bytes.copy(larger, 0, 0, this.#size);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#size);
  }
}
