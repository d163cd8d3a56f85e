import { asChunk } from './run-context.js';
import type { RunState } from './run-state.js';

/** Generators, and whatever can be read with `for await`. */
export function isStreamOfValues(value: unknown): value is AsyncIterable<unknown> | Generator {
  if (typeof value !== 'object' || value === null) return false;
  if (Symbol.asyncIterator in value) return true;
  return Symbol.iterator in value && typeof (value as { next?: unknown }).next === 'function';
}

/**
 * Streams each value as a chunk. Gives the JSON text of the result: the generator's return value, or else the array
 * of all values; undefined when that array is larger than a result may be.
 */
export async function streamValues(state: RunState, values: AsyncIterable<unknown> | Generator): Promise<string | undefined> {
  const iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]();
  const gathered = new GatheredValues(state.load.limits.resultBytes);
  for (;;) {
    const step = (await iterator.next()) as IteratorResult<unknown, unknown>;
    if (step.done === true) return step.value === undefined ? gathered.asArray() : asChunk(step.value);
    // A synchronous generator yields promises as they are.
    const chunk = asChunk(await step.value);
    state.chunk(chunk);
    gathered.add(chunk);
    if (state.ended) {
      await iterator.return?.(undefined);
      return undefined;
    }
  }
}

class GatheredValues {
  #bytes = 2;
  #chunks: string[] | null = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: string): void {
    if (this.#chunks === null) return;
    this.#bytes += Buffer.byteLength(chunk) + 1;
    if (this.#bytes > this.#limit) this.#chunks = null;
    else this.#chunks.push(chunk);
  }

  asArray(): string | undefined {
    return this.#chunks === null ? undefined : `[${this.#chunks.join(',')}]`;
  }
}
