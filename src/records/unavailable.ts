import { LanewayError, messageOf } from '../errors.js';

/** The database can't be used now; it may be again later. What was asked may or may not have been written. */
export function recordsUnavailable(cause: unknown): LanewayError {
  return new LanewayError('records_unavailable', { problem: messageOf(cause) }, { cause });
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof LanewayError && error.code === 'records_unavailable';
}
