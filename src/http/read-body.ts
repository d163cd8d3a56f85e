import type { IncomingMessage } from 'node:http';
import { LanewayError } from '../errors.js';

/** The whole body as UTF-8 text. Rejects with `body_too_large`, `payload_invalid` (not UTF-8) or `upload_truncated`. */
export function readText(request: IncomingMessage, limit: number): Promise<string> {
  if (Number(request.headers['content-length']) > limit) throw new LanewayError('body_too_large', { limit });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(new LanewayError('body_too_large', { limit }));
    });
    request.once('end', () => {
      try {
        resolve(decode(chunks));
      } catch (error) {
        reject(error);
      }
    });
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new LanewayError('upload_truncated', { problem: 'the connection was closed' }));
    });
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(chunks: Buffer[]): string {
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  try {
    return utf8.decode(body);
  } catch (error) {
    throw new LanewayError('payload_invalid', { problem: 'the body is not UTF-8' }, { cause: error });
  }
}
