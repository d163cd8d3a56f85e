import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { LanewayError, messageOf } from '../errors.js';
import { passedThrough } from './stream-garbage.js';

/**
 * Streams a zip to a file, durably, counting and hashing; never more than a chunk is in memory. The stream is
 * destroyed when it is refused: `zip_too_large`, `zip_empty` (no bytes at all) or `upload_truncated`.
 */
export async function receiveZip(upload: Readable, path: string, limit: number): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx', 0o444);
  try {
    for await (const chunk of refuseBroken(upload)) {
      sizeBytes += chunk.length;
      if (sizeBytes > limit) throw new LanewayError('zip_too_large', { limit });
      hash.update(chunk);
      await file.writeFile(chunk);
      passedThrough(chunk.length);
    }
    // The multipart parser cuts at its own limit and ends the stream as if it were whole.
    if ('truncated' in upload && upload.truncated === true) throw new LanewayError('zip_too_large', { limit });
    if (sizeBytes === 0) throw new LanewayError('zip_empty');
    await file.datasync();
  } finally {
    upload.destroy();
    await file.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function* refuseBroken(upload: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of upload) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof LanewayError) throw error;
    throw new LanewayError('upload_truncated', { problem: messageOf(error) }, { cause: error });
  }
}
