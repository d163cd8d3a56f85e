/** The request body as a web stream; tells how many bytes the function took, so that the server sends no more than the window. */
export class RequestBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #take: (bytes: number) => void;
  #pieces: Uint8Array[] = [];
  #over: { error: string | null } | null = null;
  #wake: (() => void) | null = null;

  constructor(take: (bytes: number) => void) {
    this.#take = take;
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => void (this.#pieces = []) },
      { highWaterMark: 0 },
    );
  }

  add(piece: Uint8Array): void {
    // A copy: the function may transfer what it is given, and the bytes stand in a shared read buffer.
    this.#pieces.push(new Uint8Array(piece));
    this.#wake?.();
  }

  end(error: string | null): void {
    this.#over = { error };
    this.#wake?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#pieces.length === 0 && this.#over === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      controller.enqueue(piece);
      this.#take(piece.length);
    } else if (typeof this.#over?.error === 'string') {
      controller.error(new Error(this.#over.error));
    } else {
      controller.close();
    }
  }
}
