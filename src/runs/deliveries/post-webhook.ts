import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { judgingLookup } from './webhook-address.js';

export interface WebhookPost {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  allowPrivate: boolean;
  /** For all of it: looking the name up, connecting, sending, and the head of the answer. */
  timeoutMs: number;
  /** The server closes. */
  signal: AbortSignal;
}

export interface WebhookAnswer {
  status: number;
  retryAfter: string | undefined;
}

/** The receiver did not answer in time. */
export class WebhookTimeout extends Error {}

/** An answer's body is of no use; so much of it is taken in to be polite. */
const drainedBytes = 16 * 1024;

/** POSTs once and resolves with the head of the answer, whatever it says; redirects are not followed. Rejects when there is none. */
export async function postWebhook(post: WebhookPost): Promise<WebhookAnswer> {
  const timeout = AbortSignal.timeout(post.timeoutMs);
  return new Promise((resolve, reject) => {
    const request = open(post, AbortSignal.any([timeout, post.signal]));
    request.once('response', (response) => {
      drain(response);
      resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] });
    });
    request.on('error', (error) => reject(reasonOf(error, timeout.aborted, post)));
    request.end(post.body);
  });
}

/** A connection of its own each time: one that lay idle could be closed by the receiver just when it is used. */
function open({ url, headers, body, allowPrivate }: WebhookPost, signal: AbortSignal): ClientRequest {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return request(url, {
    method: 'POST',
    agent: false,
    signal,
    lookup: judgingLookup(allowPrivate),
    headers: {
      'user-agent': 'laneway',
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
      ...headers,
    },
  });
}

function drain(response: IncomingMessage): void {
  let taken = 0;
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    if (taken > drainedBytes) response.destroy();
  });
}

function reasonOf(error: Error, timedOut: boolean, { timeoutMs, signal }: WebhookPost): Error {
  if (timedOut) return new WebhookTimeout(`no answer within ${timeoutMs} ms`);
  return signal.aborted ? new Error('this server is closing') : error;
}
