import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (request: Seen, response: ServerResponse) => void | Promise<void>;

/** A server for one test that answers each `METHOD /path` as told and remembers what it was asked. */
export async function tinyServer(test: TestContext, answers: Record<string, Answer>): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const answerOne = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    const asked = { method, url, headers, body: (await buffer(request)).toString('latin1') };
    seen.push(asked);
    const answer = answers[`${method} ${url.split('?')[0]}`];
    if (answer) await answer(asked, response);
    else sendJson(response, 404, { error: { code: 'route_not_found', message: 'There is nothing.', details: {} } });
  };
  const server = createServer((request, response) => void answerOne(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
