import { LanewayError } from '../errors.js';

/** Smaller bodies are not worth counting. */
export const smallBodyBytes = 256 * 1024;
const longestWaitMs = 10_000;

interface Waiting {
  bytes: number;
  begin: () => void;
}

/**
 * bounded: the memory that large payloads may take together, on their way from a client to the records, or with queued runs
 * that are carried out. Who finds no room waits in line; a body larger than all of it goes alone.
 */
export class BodyBudget {
  #taken = 0;
  readonly #line: Waiting[] = [];

  constructor(private readonly bytes: number) {}

  /** Whether somebody waits for room. */
  get isShort(): boolean {
    return this.#line.length > 0;
  }

  /** Bytes that large bodies take now. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves with how to give the room back. Rejects with `server_busy` after `waitMs`; null waits as long as it takes. */
  async take(bytes: number, waitMs: number | null = longestWaitMs): Promise<() => void> {
    if (bytes <= smallBodyBytes) return () => {};
    if (this.#line.length > 0 || !this.#fits(bytes)) await this.#stand(bytes, waitMs);
    else this.#taken += bytes;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.#taken -= bytes;
      this.#serve();
    };
  }

  #stand(bytes: number, waitMs: number | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const place: Waiting = {
        bytes,
        begin: () => {
          if (timer !== null) clearTimeout(timer);
          resolve();
        },
      };
      const refuse = () => {
        this.#line.splice(this.#line.indexOf(place), 1);
        const problem = `payloads on their way take ${this.bytes} bytes, which is the limit`;
        reject(new LanewayError('server_busy', { problem }, { retryAfter: 5 }));
        this.#serve();
      };
      const timer = waitMs === null ? null : setTimeout(refuse, waitMs);
      this.#line.push(place);
    });
  }

  #serve(): void {
    for (let next = this.#line[0]; next !== undefined && this.#fits(next.bytes); next = this.#line[0]) {
      this.#line.shift();
      this.#taken += next.bytes;
      next.begin();
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.bytes;
  }
}
