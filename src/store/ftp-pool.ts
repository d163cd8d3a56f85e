import { Client, FTPError } from 'basic-ftp';
import { LanewayError, messageOf } from '../errors.js';
import type { FtpAddress } from './ftp-address.js';

/**
 * Connections to one FTP server, each carrying out one task at a time as basic-ftp demands.
 *
 * A connection is `free` or lent to a task; tasks beyond the limit wait in line. A task that fails for another reason than
 * the server's answer ends its connection; on one that had been used before it is tried once more on a new one, because the
 * server may have hung up in between: tasks must therefore be repeatable. When that fails too the circuit is open:
 * for `coolMs` every task is refused at once, then the next one tries to connect again.
 */
export class FtpPool {
  readonly #address: FtpAddress;
  readonly #limit: number;
  readonly #timeoutMs: number;
  readonly #free: Client[] = [];
  readonly #all = new Set<Client>();
  readonly #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #busy = 0;
  #openUntil = 0;
  #lastProblem = '';
  #closed = false;

  constructor(address: FtpAddress, { connections, timeoutMs }: { connections: number; timeoutMs: number }) {
    this.#address = address;
    this.#limit = connections;
    this.#timeoutMs = timeoutMs;
  }

  /** The task's result. An answer of the server rejects as FTPError, everything else as `store_unavailable`. */
  async use<Result>(task: (client: Client) => Promise<Result>): Promise<Result> {
    this.#refuseWhileOpen();
    await this.#takePlace();
    try {
      return await this.#attempt(task);
    } finally {
      this.#givePlace();
    }
  }

  close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#unavailable('the store is closing'));
    for (const client of this.#all) client.close();
    this.#all.clear();
  }

  async #attempt<Result>(task: (client: Client) => Promise<Result>): Promise<Result> {
    const used = this.#takeFree();
    if (used !== null) {
      try {
        return await this.#carryOut(used, task);
      } catch (error) {
        if (!used.closed || this.#closed || isLocal(error)) throw error;
      }
    }
    this.#refuseWhileOpen();
    const client = await this.#connect();
    try {
      return await this.#carryOut(client, task);
    } catch (error) {
      if (error instanceof FTPError || isLocal(error)) throw error;
      throw this.#trip(error);
    }
  }

  /** An FTPError is an answer: the connection goes on being good, unless the answer was to hang up (421). */
  async #carryOut<Result>(client: Client, task: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      const result = await task(client);
      this.#free.push(client);
      return result;
    } catch (error) {
      if (error instanceof FTPError && error.code !== 421 && !client.closed) this.#free.push(client);
      else this.#drop(client);
      throw error;
    }
  }

  #takeFree(): Client | null {
    for (;;) {
      const client = this.#free.pop();
      if (client === undefined) return null;
      if (!client.closed) return client;
      this.#drop(client);
    }
  }

  /** basic-ftp watches commands but not a TLS handshake that never ends, so that connecting has a limit of its own. */
  async #connect(): Promise<Client> {
    const client = new Client(this.#timeoutMs);
    this.#all.add(client);
    const deadline = new Deadline(this.#timeoutMs);
    try {
      await Promise.race([client.access(this.#address.accessOptions()), deadline.passed]);
      this.#openUntil = 0;
      return client;
    } catch (error) {
      this.#drop(client);
      throw this.#trip(error);
    } finally {
      deadline.clear();
    }
  }

  #drop(client: Client): void {
    this.#all.delete(client);
    client.close();
  }

  #trip(error: unknown): LanewayError {
    this.#openUntil = performance.now() + coolMs;
    this.#lastProblem = messageOf(error);
    return this.#unavailable(this.#lastProblem, error);
  }

  #refuseWhileOpen(): void {
    if (this.#closed) throw this.#unavailable('the store is closing');
    if (performance.now() < this.#openUntil) throw this.#unavailable(this.#lastProblem);
  }

  #unavailable(problem: string, cause?: unknown): LanewayError {
    const options = { retryAfter: Math.ceil(coolMs / 1000), ...(cause === undefined ? {} : { cause }) };
    return new LanewayError('store_unavailable', { problem: `${this.#address.shown}: ${problem}` }, options);
  }

  async #takePlace(): Promise<void> {
    if (this.#busy < this.#limit) {
      this.#busy += 1;
      return;
    }
    if (this.#waiting.length >= maxWaiting) throw this.#unavailable(`${maxWaiting} tasks wait for it`);
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The place goes to the next in line, or is free. */
  #givePlace(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next.resolve();
  }
}

const coolMs = 2000;
const maxWaiting = 1000;

/** Our own disk or a refusal of ours, which say nothing about the FTP server. */
function isLocal(error: unknown): boolean {
  return error instanceof LanewayError || (error instanceof Error && 'path' in error);
}

/** Rejects when the time has passed; cleared it stays pending and holds nothing. */
class Deadline {
  readonly passed: Promise<never>;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.passed = new Promise((_, reject) => {
      this.#timer = setTimeout(() => reject(new Error(`no connection within ${ms} ms`)), ms);
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
