import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { LanewayError } from '../errors.js';
import { errorBody } from './answer-errors.js';
import { answerOn } from './slow-clients.js';

/** What is no HTTP request at all, or never gets whole, is answered on the socket, in the shape of every other refusal. */
export function answerBrokenRequest(limits: {
  maxHeaderBytes: number;
  requestTimeoutMs: number;
}): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
    // In the middle of an answer there is no place for another.
    if (answerOn(socket)?.headersSent === true) return void socket.destroy();
    const refusal = refusalOf(error, limits);
    const body = JSON.stringify(errorBody(refusal));
    const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8`;
    socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
}

function refusalOf(
  { code }: NodeJS.ErrnoException,
  { maxHeaderBytes, requestTimeoutMs }: { maxHeaderBytes: number; requestTimeoutMs: number },
): LanewayError {
  if (code === 'HPE_HEADER_OVERFLOW') return new LanewayError('headers_too_large', { limit: maxHeaderBytes });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new LanewayError('request_timeout', { limit: requestTimeoutMs });
  return new LanewayError('bad_request', { problem: 'it is not readable as HTTP' });
}
