import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { FunctionWorker, WorkerExit, WorkerListener, WorkerOptions } from './function-worker.js';
import type { ToWorker } from './messages.js';
import { readMessage } from './read-message.js';

const entry = fileURLToPath(new URL('inside/thread-entry.js', import.meta.url));

/** A worker_thread with a heap limit of its own and an empty environment. It shares the server's process and fate. */
export class ThreadWorker implements FunctionWorker {
  readonly kind = 'thread';
  readonly pid = null;
  readonly mainPid = null;
  readonly groupPid = null;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #listener: WorkerListener;
  #outOfMemory: string | null = null;

  constructor(options: WorkerOptions, listener: WorkerListener) {
    const { port1, port2 } = new MessageChannel();
    this.#listener = listener;
    this.#port = port1;
    this.#thread = new Worker(entry, {
      env: {},
      argv: [],
      execArgv: [],
      workerData: { port: port2 },
      transferList: [port2],
      // Captured, so that nothing gets onto the server's own output.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: options.memoryMb },
    });
    port1.on('message', (value) => this.#onMessage(value));
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
    if (message.type !== 'body') return this.#port.postMessage(message);
    // A view would be sent with the whole buffer behind it.
    const data = new Uint8Array(message.data);
    this.#port.postMessage({ ...message, data }, [data.buffer]);
  }

  kill(): void {
    void this.#thread.terminate();
  }

  #onMessage(value: unknown): void {
    const message = readMessage(value);
    if (message === null) this.#listener.onMalformed('a message of no known form');
    else this.#listener.onMessage(message);
  }

  /** Messages sent before the end are still in the port's queue. */
  #onExit(code: number): void {
    setImmediate(() => {
      this.#port.close();
      const exit: WorkerExit =
        this.#outOfMemory === null ? { how: 'code', code } : { how: 'out_of_memory', message: this.#outOfMemory };
      this.#listener.onExit(exit);
    });
  }
}
