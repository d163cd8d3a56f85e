/** Lets text through up to a number of bytes, then says once that it was cut. Cuts between characters. */
export class TextBudget {
  readonly limit: number;
  #left: number;
  #cut = false;

  constructor(limit: number) {
    this.limit = limit;
    this.#left = limit;
  }

  /** What of the text still fits; `cut` is true for the one piece that did not fit whole. */
  take(text: string): { fitting: string; cut: boolean } {
    if (this.#cut) return { fitting: '', cut: false };
    const bytes = Buffer.byteLength(text);
    if (bytes <= this.#left) {
      this.#left -= bytes;
      return { fitting: text, cut: false };
    }
    this.#cut = true;
    return { fitting: firstBytes(text, this.#left), cut: true };
  }
}

function firstBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text.slice(0, bytes));
  let end = Math.min(bytes, whole.length);
  while (end > 0 && end < whole.length && (whole[end]! & 0xc0) === 0x80) end -= 1;
  return whole.toString('utf8', 0, end);
}
