import { recordsUnavailable } from '../unavailable.js';

/** What says nothing about the call, only that the database can't be used now: a full disk, a file that can't be read... */
const unavailable = /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|BUSY|LOCKED|CANTOPEN|READONLY|NOMEM|PROTOCOL|PERM|INTERRUPT)/;

/** A failure of the records thread as the error its caller gets: `records_unavailable`, or what was wrong with the call. */
export function toRecordsError({ code, message }: { code: string; message: string }): Error {
  const error = Object.assign(new Error(message), { code });
  return unavailable.test(code) ? recordsUnavailable(error) : error;
}
