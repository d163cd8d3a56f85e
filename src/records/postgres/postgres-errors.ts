import { DatabaseError } from 'pg';
import { LanewayError } from '../../errors.js';
import { recordsUnavailable } from '../unavailable.js';

/**
 * Classes of SQLSTATE that say nothing about the call, only that the server can't carry it out now: connection, read-only,
 * resources (a full disk too), shutdown or start, system, and what was still in conflict after several tries.
 */
const unavailableClasses = new Set(['08', '25', '40', '53', '55', '57', '58', 'XX', '28', '3D']);

/** An error of `pg` as the error its caller gets: `records_unavailable`, or what was wrong with the statement. */
export function toRecordsError(error: unknown): unknown {
  if (error instanceof LanewayError) return error;
  // What has no SQLSTATE comes from the connection: refused, reset, timed out.
  if (!(error instanceof DatabaseError) || error.code === undefined) return recordsUnavailable(error);
  return unavailableClasses.has(error.code.slice(0, 2)) ? recordsUnavailable(error) : error;
}

/** Two statements met in the wrong order; one of them was undone and can be carried out again. */
export function isTransient(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01');
}
