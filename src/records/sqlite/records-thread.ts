import { Worker } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import { recordsUnavailable } from '../unavailable.js';
import type { Call, Operation, Reply, Request } from './messages.js';
import { toRecordsError } from './sqlite-errors.js';

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** bounded: a caller beyond this is refused at once. */
const maxWaiting = 100_000;
const restartDelayMs = 200;

/**
 * The records thread seen from outside. Calls of one turn of the event loop travel in one message.
 *
 * Up: calls are sent and answered. When the thread ends without being asked to, every pending call is rejected with the
 * cause, and it is down: calls are rejected at once. A new one is started after a pause; when that has opened the file it
 * is up again. That is safe because the connection dies with its thread: SQLite then undoes what was not committed and
 * the lock on the folder is held elsewhere. Closed: for good.
 */
export class RecordsThread {
  #worker: Worker | null = null;
  /** Why calls are refused now; null when the thread is up. */
  #refusal: Error | null = new Error('the records are not open yet');
  #closed = false;
  #restart: NodeJS.Timeout | null = null;
  #lastId = 0;
  #calls: Call[] = [];
  #waiting: Waiting[] = [];
  readonly #sent = new Map<number, Waiting[]>();
  #pending = 0;

  /** Rejects when the file can't be opened. */
  static async start(file: string): Promise<RecordsThread> {
    const thread = new RecordsThread(file);
    await thread.#start();
    return thread;
  }

  private constructor(private readonly file: string) {}

  call<Answer>(operation: Operation, values: readonly unknown[]): Promise<Answer> {
    if (this.#refusal !== null) return Promise.reject(recordsUnavailable(this.#refusal));
    if (this.#pending >= maxWaiting) return Promise.reject(recordsUnavailable(new Error(`${maxWaiting} calls are waiting`)));
    this.#pending += 1;
    if (this.#calls.push([operation, values]) === 1) setImmediate(() => this.#send());
    return new Promise<Answer>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Resolves when all that was called before is answered and the file is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refusal = new Error('the records are closed');
    if (this.#restart !== null) clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === null) return;
    this.#send();
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close' satisfies Request);
    await exited;
  }

  async #start(): Promise<void> {
    const worker = new Worker(new URL('./inside/main.js', import.meta.url), { workerData: { file: this.file } });
    let cause: Error | null = null;
    await new Promise<void>((resolve, reject) => {
      worker.on('error', (error) => (cause = error));
      worker.on('exit', (code) => {
        const problem = cause ?? new Error(`the records thread ended with code ${code}`);
        if (this.#worker === worker) this.#lose(problem);
        reject(problem);
      });
      worker.once('message', () => {
        worker.on('message', (reply: Reply) => this.#settle(reply));
        this.#worker = worker;
        if (!this.#closed) this.#refusal = null;
        resolve();
      });
    });
  }

  #send(): void {
    if (this.#calls.length === 0 || this.#worker === null) return;
    const [calls, waiting] = [this.#calls, this.#waiting];
    this.#calls = [];
    this.#waiting = [];
    this.#post(this.#worker, calls, waiting);
  }

  /** A value that can't travel between threads fails its own call only. */
  #post(worker: Worker, calls: Call[], waiting: Waiting[]): void {
    const id = ++this.#lastId;
    this.#sent.set(id, waiting);
    try {
      worker.postMessage({ id, calls } satisfies Request);
    } catch (error) {
      if (calls.length === 1) {
        this.#settle({ id, answers: [], failures: [{ index: 0, code: '', message: messageOf(error) }] });
        return;
      }
      this.#sent.delete(id);
      calls.forEach((call, index) => this.#post(worker, [call], [waiting[index]!]));
    }
  }

  #settle({ id, answers, failures }: Reply): void {
    const waiting = this.#sent.get(id)!;
    this.#sent.delete(id);
    this.#pending -= waiting.length;
    for (const { index, ...failure } of failures) waiting[index]!.reject(toRecordsError(failure));
    // A promise that was rejected above takes no notice of its answer.
    waiting.forEach(({ resolve }, index) => resolve(answers[index] as never));
  }

  #lose(problem: Error): void {
    this.#worker = null;
    const lost = [...this.#sent.values(), this.#waiting].flat();
    this.#sent.clear();
    this.#calls = [];
    this.#waiting = [];
    this.#pending = 0;
    if (!this.#closed) {
      this.#refusal = problem;
      this.#startLater();
    }
    for (const { reject } of lost) reject(recordsUnavailable(problem));
  }

  #startLater(): void {
    this.#restart = setTimeout(() => {
      this.#start().catch((error: Error) => {
        this.#refusal = error;
        if (!this.#closed) this.#startLater();
      });
    }, restartDelayMs);
  }
}
