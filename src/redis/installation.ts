import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';

const key = 'laneway:installation';
const retryMs = 2000;

/**
 * The mark by which a Redis belongs to one installation. It is set at the start, and again whenever Redis came back:
 * it may have been emptied. A Redis that does not answer is waited for; one that belongs to another installation is refused.
 */
export class RedisClaim {
  #retry: NodeJS.Timeout | null = null;
  #refusal: Error | null = null;
  #closed = false;

  /** Rejects with a sentence for the user when this Redis belongs to another installation. */
  static async open(url: string, installationId: string, log: Logger): Promise<RedisClaim> {
    const claim = new RedisClaim(url, installationId, log);
    await claim.#claim();
    if (claim.#refusal !== null) {
      claim.close();
      throw claim.#refusal;
    }
    return claim;
  }

  private constructor(
    private readonly url: string,
    private readonly installationId: string,
    private readonly log: Logger,
  ) {}

  /** Redis came back: what stands in it now is looked at. */
  renew(): void {
    if (this.#retry === null) void this.#claim();
  }

  /** Rejects when this Redis turned out to be another installation's. */
  async check(): Promise<void> {
    if (this.#refusal !== null) throw this.#refusal;
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  async #claim(): Promise<void> {
    this.#retry = null;
    try {
      this.#judge(await readOrSetOwner(this.url, this.installationId));
    } catch (error) {
      if (this.#closed) return;
      this.log.warn({ problem: messageOf(error) }, `Redis at ${new URL(this.url).host} does not answer`);
      this.#retry = setTimeout(() => void this.#claim(), retryMs);
      this.#retry.unref();
    }
  }

  #judge(owner: string | null): void {
    const wasRefused = this.#refusal !== null;
    this.#refusal = owner === this.installationId ? null : belongsToAnother(owner, this.installationId);
    if (this.#refusal !== null && !wasRefused) this.log.error(this.#refusal.message);
  }
}

function belongsToAnother(owner: string | null, installationId: string): Error {
  return new Error(
    `This Redis belongs to installation ${owner}, these records to ${installationId}: ` +
      'use another Redis (or another database number of it), or the records that belong to this one',
  );
}

async function readOrSetOwner(url: string, installationId: string): Promise<string | null> {
  const connection = new Redis(url, { lazyConnect: true, connectTimeout: 5000, commandTimeout: 5000, retryStrategy: () => null });
  let problem: Error | undefined;
  connection.on('error', (error: Error) => (problem = error));
  try {
    await connection.connect();
    await connection.set(key, installationId, 'NX');
    return await connection.get(key);
  } catch (error) {
    throw problem ?? error;
  } finally {
    connection.disconnect();
  }
}
