import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const burstBytes = 4 * 1024 * 1024;
const pauseMs = 20;

/**
 * Reads what a process prints, as text that is never cut inside a character. It never stops reading for long, or the
 * process would hang on its output; but one that floods is read in bursts, so that it can't keep the server busy.
 */
export class OutputDrain {
  #burst = 0;
  #resumeAt: NodeJS.Timeout | null = null;

  constructor(stream: Readable, take: (text: string) => void) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (bytes: Buffer) => {
      this.#slowDown(stream, bytes.length);
      const text = decoder.write(bytes);
      if (text !== '') take(text);
    });
    stream.on('end', () => {
      const text = decoder.end();
      if (text !== '') take(text);
    });
  }

  #slowDown(stream: Readable, bytes: number): void {
    this.#burst += bytes;
    if (this.#burst < burstBytes || this.#resumeAt !== null) return;
    stream.pause();
    this.#resumeAt = setTimeout(() => {
      this.#burst = 0;
      this.#resumeAt = null;
      stream.resume();
    }, pauseMs);
  }
}
