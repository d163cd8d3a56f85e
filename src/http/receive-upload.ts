import { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { LanewayError, messageOf } from '../errors.js';

const maxFields = 32;
const maxFieldBytes = 4096;
/** Room for the fields and the frame of the multipart around the file. */
const frameBytes = 2 ** 20;

/** The form that came before the file, by lower-case names, and the file. */
export interface Upload {
  fields: ReadonlyMap<string, string>;
  file: { name: string; empty: boolean; zip: Readable } | null;
}

/**
 * Reads a multipart upload up to its part `file`, whose content is then streamed. The stream ends only when the whole upload
 * has come in order, so that whoever keeps it keeps nothing of one that was cut off; it fails with `upload_truncated`,
 * `zip_too_large` or `bad_request`, and so does this.
 */
export async function receiveUpload(request: FastifyRequest, maxBytes: number): Promise<Upload> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + frameBytes) {
    throw new LanewayError('zip_too_large', { limit: maxBytes });
  }
  const limits = { fileSize: maxBytes, fields: maxFields, fieldSize: maxFieldBytes, fieldNameSize: 256, parts: maxFields + 8 };
  const parts = request.parts({ limits });
  const fields = new Map<string, string>();
  for (let part = await nextOf(parts); part !== null; part = await nextOf(parts)) {
    const name = part.fieldname.toLowerCase();
    if (part.type === 'field') keepField(fields, name, part);
    else if (name === 'file') return { fields, file: await open(part, parts, maxBytes) };
    else part.file.resume();
  }
  return { fields, file: null };
}

function keepField(fields: Map<string, string>, name: string, part: Exclude<Multipart, MultipartFile>): void {
  if (part.valueTruncated) {
    throw new LanewayError('bad_request', { problem: `field ${name} is longer than ${maxFieldBytes} bytes` });
  }
  if (!fields.has(name) && typeof part.value === 'string') fields.set(name, part.value);
}

async function open(part: MultipartFile, parts: AsyncIterator<Multipart>, maxBytes: number): Promise<Upload['file']> {
  const { file, filename } = part;
  const tooLarge = () => new LanewayError('zip_too_large', { limit: maxBytes });
  // Without this the rest of the upload would be read to its end before the limit is told.
  file.once('limit', () => file.destroy(tooLarge()));
  if (file.truncated) file.destroy(tooLarge());
  const chunks = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next().catch(failure);
  const zip = Readable.from(contentOf(first, chunks, parts), { objectMode: false });
  return { name: filename, empty: first.done === true, zip };
}

async function* contentOf(
  first: IteratorResult<Buffer>,
  chunks: AsyncIterator<Buffer>,
  parts: AsyncIterator<Multipart>,
): AsyncGenerator<Buffer, void, void> {
  let whole = false;
  try {
    for (let chunk = first; chunk.done !== true; chunk = await chunks.next().catch(failure)) yield chunk.value;
    for (let part = await nextOf(parts); part !== null; part = await nextOf(parts)) {
      if (part.type === 'file') part.file.resume();
    }
    whole = true;
  } finally {
    // Given up by its reader: the rest of the upload is not taken in.
    if (!whole) await chunks.return?.();
  }
}

async function nextOf(parts: AsyncIterator<Multipart>): Promise<Multipart | null> {
  const next = await parts.next().catch(failure);
  return next.done === true ? null : next.value;
}

/** What the multipart parser throws, in our words. */
function failure(error: unknown): never {
  if (error instanceof LanewayError) throw error;
  const problem = messageOf(error);
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'FST_MP_PREMATURE_CLOSE' || /unexpected end|terminated early|aborted/i.test(problem)) {
    throw new LanewayError('upload_truncated', { problem }, { cause: error });
  }
  throw new LanewayError('bad_request', { problem: `multipart: ${problem}` }, { cause: error });
}
