import type { FastifyRequest } from 'fastify';
import { LanewayError, messageOf } from '../../errors.js';
import { GatheredBytes } from '../../http/gathered-bytes.js';

/** The media type of a body, lower case and without parameters; empty when none is named. */
export function mediaType(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** The whole body as text in the charset it names. bounded: throws `body_too_large`, and for bytes that are no text `bad_request`. */
export async function readBody(request: FastifyRequest, limit: number): Promise<string> {
  const tooLarge = () => new LanewayError('body_too_large', { limit });
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limit) throw tooLarge();
  const gathered = new GatheredBytes(length);
  try {
    // Left open when it is too large: the answer still has to go over the same connection.
    const body: AsyncIterable<Buffer> = request.raw.iterator({ destroyOnReturn: false });
    for await (const chunk of body) {
      if (gathered.size + chunk.length > limit) throw tooLarge();
      gathered.add(chunk);
    }
  } catch (error) {
    if (error instanceof LanewayError) throw error;
    throw new LanewayError('upload_truncated', { problem: messageOf(error) }, { cause: error });
  }
  return decode(gathered.take(), request.headers['content-type'] ?? '');
}

function decode(bytes: Buffer, contentType: string): string {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new LanewayError('media_type_not_supported', { value: contentType, allowed: 'utf-8' }, { cause: error });
    }
    throw new LanewayError('bad_request', { problem: `the body is not text in ${charset}` }, { cause: error });
  }
}
