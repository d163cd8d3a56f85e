import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { text } from 'node:stream/consumers';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A webhook receiver on loopback that answers as the test says, and keeps what it got. */
export interface Receiver {
  url: string;
  received: Received[];
  answer: (response: ServerResponse, request: Received) => void;
}

export async function startReceiver(test: TestContext, answer: Receiver['answer'] = answering(200)): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], answer };
  const server = createServer((request, response) => {
    void take(request, response);
  });
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const received = { method: request.method!, path: request.url!, headers: request.headers, body };
    receiver.received.push(received);
    receiver.answer(response, received);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return receiver;
}

export function answering(status: number, headers: Record<string, string> = {}): Receiver['answer'] {
  return (response) => void response.writeHead(status, headers).end('whatever');
}
