import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { LanewayError } from '../errors.js';
import { errorBody } from './answer-errors.js';

/** What is no HTTP request at all never reaches a route: it is answered on the socket, in the shape of every other refusal. */
export function answerBrokenRequest(maxHeaderBytes: number): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
    const refusal =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? new LanewayError('headers_too_large', { limit: maxHeaderBytes })
        : new LanewayError('bad_request', { problem: 'it is not readable as HTTP' });
    const body = JSON.stringify(errorBody(refusal));
    const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8`;
    socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
}
