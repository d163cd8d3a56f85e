import { LanewayError } from '../errors.js';

/** Whether the same call may be carried out later; any other error says that the records do not take what was given. */
export function areRecordsAway(error: unknown): boolean {
  return error instanceof LanewayError && error.code === 'records_unavailable';
}
