import type { Logger } from 'pino';
import { LanewayError } from '../../../errors.js';

/** What a client is told of an error: refusals as they are, all else in SignalR's words and in the log. */
export function sentenceFor(error: unknown, log: Logger): string {
  if (error instanceof LanewayError) return error.message;
  log.error({ err: error }, 'a hub call failed');
  return "An unexpected error occurred invoking 'FunctionHandler' on the server.";
}
