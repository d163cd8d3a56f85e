import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { LanewayError, messageOf } from '../errors.js';
import { GatheredBytes } from './gathered-bytes.js';

/** The whole body as UTF-8 text. Rejects with `body_too_large`, `payload_invalid` (not UTF-8) or `upload_truncated`. */
export function readText(request: IncomingMessage, limit: number): Promise<string> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limit) throw new LanewayError('body_too_large', { limit });
  return new Promise((resolve, reject) => {
    const body = new GatheredBytes(length);
    request.on('data', (chunk: Buffer) => {
      if (body.size + chunk.length <= limit) body.add(chunk);
      else reject(new LanewayError('body_too_large', { limit }));
    });
    request.once('end', () => {
      try {
        resolve(decode(body.take()));
      } catch (error) {
        reject(error);
      }
    });
    const cutOff = (problem: string, cause?: unknown) => reject(new LanewayError('upload_truncated', { problem }, { cause }));
    // Its client left while there was no room for the body: nothing will be said about it any more.
    if (request.destroyed && !request.readableEnded) cutOff('the connection was closed');
    request.once('error', (error) => cutOff(messageOf(error), error));
    request.once('close', () => {
      if (!request.complete) cutOff('the connection was closed');
    });
  });
}

function decode(body: Buffer): string {
  if (!isUtf8(body)) throw new LanewayError('payload_invalid', { problem: 'the body is not UTF-8' });
  const hasMark = body.length >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', hasMark ? 3 : 0);
}
