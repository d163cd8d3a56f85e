import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import type { FunctionWorker, WorkerExit, WorkerListener, WorkerOptions } from './function-worker.js';
import { Ring, ringMemory } from './inside/ring.js';
import { isShortRun, readResult, writeRun } from './inside/short-messages.js';
import type { RunMessage, ToWorker } from './messages.js';
import { readMessage } from './read-message.js';

const entry = fileURLToPath(new URL('inside/thread-entry.js', import.meta.url));

/**
 * A worker_thread with a heap limit of its own and an empty environment. It shares the server's process and fate.
 * Short runs and results go through memory that both share, everything else by port; marks keep the order.
 */
export class ThreadWorker implements FunctionWorker {
  readonly kind = 'thread';
  readonly pid = null;
  readonly mainPid = null;
  readonly groupPid = null;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #listener: WorkerListener;
  readonly #toWorker: Ring;
  readonly #toServer: Ring;
  /** Messages by port. */
  #sent = 0;
  #heard = 0;
  #looksLater = false;
  #wakesLater = false;
  #outOfMemory: string | null = null;

  constructor(options: WorkerOptions, listener: WorkerListener) {
    const { port1, port2 } = new MessageChannel();
    const [toWorker, toServer] = [ringMemory(), ringMemory()];
    this.#toWorker = new Ring(toWorker);
    this.#toServer = new Ring(toServer);
    this.#toServer.rest();
    this.#listener = listener;
    this.#port = port1;
    this.#thread = new Worker(entry, {
      env: {},
      argv: [],
      execArgv: [],
      workerData: { port: port2, toWorker, toServer },
      transferList: [port2],
      // Captured, so that nothing gets onto the server's own output.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: options.memoryMb },
    });
    port1.on('message', (value) => this.#onPort(value));
    this.#thread.stdout.resume();
    this.#thread.stderr.resume();
    this.#thread.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') this.#outOfMemory = `the heap reached its limit of ${options.memoryMb} MB`;
    });
    this.#thread.on('exit', (code) => this.#onExit(code));
    this.#thread.unref();
    port1.unref();
  }

  hasOthers(): boolean {
    return false;
  }

  send(message: ToWorker): void {
    if (message.type === 'run' && this.#sendShort(message)) return;
    this.#sent += 1;
    if (message.type !== 'body') return this.#port.postMessage(message);
    // A view would be sent with the whole buffer behind it.
    const data = new Uint8Array(message.data);
    this.#port.postMessage({ ...message, data }, [data.buffer]);
  }

  /** Only what lies in shared memory can be taken back. */
  sendAhead(message: RunMessage): boolean {
    return this.#sendShort(message);
  }

  recall(): void {
    this.#listener.onRecalled(this.#toWorker.takeBack());
  }

  kill(): void {
    void this.#thread.terminate();
  }

  #sendShort(message: RunMessage): boolean {
    if (!isShortRun(message.data) || !this.#toWorker.write(writeRun(message), this.#sent)) return false;
    if (!this.#wakesLater) {
      this.#wakesLater = true;
      setImmediate(() => this.#wake());
    }
    return true;
  }

  /** Once for all that was sent in one turn of the loop. */
  #wake(): void {
    this.#wakesLater = false;
    if (this.#toWorker.mustWake()) this.#port.postMessage(0);
  }

  #onPort(value: unknown): void {
    if (value !== 0) {
      // What was said before it, and then what was said after it.
      this.#takeResults();
      this.#heard += 1;
      this.#onMessage(value);
    }
    this.#look();
  }

  #onMessage(value: unknown): void {
    const message = readMessage(value);
    if (message === null) this.#listener.onMalformed('a message of no known form');
    else this.#listener.onMessage(message);
  }

  #takeResults(): boolean {
    let any = false;
    for (;;) {
      const text = this.#toServer.take(this.#heard);
      if (text === null) break;
      any = true;
      this.#listener.onMessage(readResult(text));
    }
    return any;
  }

  /** Once more in the next turn after there was something: to be woken costs the worker more than looking costs here. */
  #look(): void {
    if (!this.#takeResults() && this.#toServer.rest()) return;
    if (this.#looksLater) return;
    this.#looksLater = true;
    setImmediate(() => {
      this.#looksLater = false;
      this.#look();
    });
  }

  /** Messages sent before the end are still in the port's queue. */
  #onExit(code: number): void {
    setImmediate(() => {
      for (let left = receiveMessageOnPort(this.#port); left !== undefined; left = receiveMessageOnPort(this.#port))
        this.#onPort(left.message);
      this.#takeResults();
      this.#port.close();
      const exit: WorkerExit =
        this.#outOfMemory === null ? { how: 'code', code } : { how: 'out_of_memory', message: this.#outOfMemory };
      this.#listener.onExit(exit);
    });
  }
}
