import type { LogStream } from '../contract/executor.js';
import type { FromWorker } from './messages.js';

const logStreams = new Set<unknown>(['stdout', 'stderr', 'info', 'warn', 'error'] satisfies LogStream[]);
const maxSentence = 64 * 1024;
const maxHeaders = 1000;

/** What a worker sent, checked field by field because its code is not ours; null when it is no message of the protocol. */
export function readMessage(value: unknown): FromWorker | null {
  if (typeof value !== 'object' || value === null) return null;
  const message = value as Record<string, unknown>;
  return isMessage(message) ? (message as unknown as FromWorker) : null;
}

function isMessage(message: Record<string, unknown>): boolean {
  switch (message['type'] as FromWorker['type']) {
    case 'result':
      return isBody(message['data']) && isOfRun(message) && hasChildrenFlag(message) && isTime(message['ms']);
    case 'log':
      return isOfRun(message) && typeof message['data'] === 'string' && logStreams.has(message['stream']);
    case 'chunk':
      return isOfRun(message) && typeof message['data'] === 'string';
    case 'body':
      return isOfRun(message) && message['data'] instanceof Uint8Array;
    case 'credit':
      return isOfRun(message) && isCount(message['bytes']);
    case 'progress':
      return isOfRun(message) && isFraction(message['fraction']) && isSentence(message['message']);
    case 'head':
      return isOfRun(message) && isStatus(message['status']) && isHeaderList(message['headers']);
    case 'failed':
      return isOfRun(message) && isFailure(message) && hasChildrenFlag(message);
    case 'loaded':
      return message['convention'] === 'payload' || message['convention'] === 'fetch';
    case 'load_failed':
      return (message['reason'] === 'bad_artifact' || message['reason'] === 'function_error') && isSentence(message['message']);
    case 'recalled':
      return isCount(message['runs']);
    case 'ready':
    case 'tainted':
      return true;
    default:
      return false;
  }
}

function isFailure(message: Record<string, unknown>): boolean {
  return (message['reason'] === 'function_error' || message['reason'] === 'result_too_large') && isSentence(message['message']);
}

function isBody(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isTime(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0);
}

function isOfRun(message: Record<string, unknown>): boolean {
  return isCount(message['run']);
}

function hasChildrenFlag(message: Record<string, unknown>): boolean {
  return typeof message['children'] === 'boolean';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFraction(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isSentence(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxSentence;
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
}

function isHeaderList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= maxHeaders && value.every(isHeader);
}

function isHeader(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string';
}
