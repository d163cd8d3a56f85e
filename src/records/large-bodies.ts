import type { LargeBodies } from './backend.js';

/** A larger payload or result is not kept in a row, which is rewritten and copied more often than its body is read. */
const largestInRow = 256 * 1024;

/** Where a body is: in its row, or elsewhere under a reference; neither when there is none. */
export interface KeptBody {
  text: string | null;
  reference: string | null;
}

/** Puts a body where it belongs by its size; what is kept elsewhere is durable when the promise resolves. */
export function placeBody(text: string | null, largeBodies: LargeBodies): KeptBody | Promise<KeptBody> {
  if (text === null) return noBody;
  if (!isLarge(text)) return { text, reference: null };
  return largeBodies.keep(text).then((reference) => ({ text: null, reference }));
}

const noBody: KeptBody = { text: null, reference: null };

export async function readBody({ text, reference }: KeptBody, largeBodies: LargeBodies): Promise<string | null> {
  return reference === null ? text : largeBodies.read(reference);
}

/** Bytes of the text in UTF-8. */
export function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}

function isLarge(text: string): boolean {
  // No character is shorter than a byte, so most bodies need not be counted.
  return text.length > largestInRow || (text.length > largestInRow / 3 && bytesOf(text) > largestInRow);
}
