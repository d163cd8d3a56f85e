import type { BulkFilter, RunQuery } from '../contract/api/runs.js';
import type { Principal } from '../contract/principal.js';
import type { RunFilter } from '../contract/records.js';
import type { RunState } from '../contract/words.js';
import { LanewayError } from '../errors.js';

/** The words of a query or bulk call as the records know them. */
export function readRunFilter(query: RunQuery | BulkFilter): RunFilter {
  const { function: name, lane, version, caller_id: callerId, schedule_id: scheduleId, from, until } = query;
  const { mode, state } = query as RunQuery;
  return {
    ...(name === undefined ? {} : { function: name }),
    ...(lane === undefined ? {} : { lane }),
    ...(version === undefined ? {} : { version }),
    ...(callerId === undefined ? {} : { callerId }),
    ...(scheduleId === undefined ? {} : { scheduleId }),
    ...(mode === undefined ? {} : { mode }),
    ...(state === undefined ? {} : { states: state.split(',') as RunState[] }),
    ...(from === undefined ? {} : { createdFrom: Date.parse(from) }),
    ...(until === undefined ? {} : { createdUntil: Date.parse(until) }),
  };
}

/**
 * The filter of a bulk call, narrowed to what the caller's key is for: a call looks at a bounded number of runs, and those of
 * others must not use it up. Throws `validation_failed` when a key for several functions names none.
 */
export function readBulkFilter(filter: BulkFilter, { functions, lanes, scopes }: Principal): RunFilter {
  const wanted = readRunFilter(filter);
  if (scopes.has('admin')) return wanted;
  const only = <Name>(names: ReadonlySet<Name> | null) => (names?.size === 1 ? [...names][0] : undefined);
  const [functionName, lane] = [wanted.function ?? only(functions), wanted.lane ?? only(lanes)];
  if (functions !== null && functionName === undefined) {
    throw new LanewayError('validation_failed', { problem: 'the filter must name a function, since the key is for some only' });
  }
  return {
    ...wanted,
    ...(functionName === undefined ? {} : { function: functionName }),
    ...(lane === undefined ? {} : { lane }),
  };
}

/** A page's place in a list, newest first. */
export interface RunPlace {
  createdAt: number;
  id: string;
}

export function readCursor(cursor: string | undefined): RunPlace | null {
  if (cursor === undefined) return null;
  const point = cursor.indexOf('.');
  return { createdAt: Number(cursor.slice(0, point)), id: cursor.slice(point + 1) };
}

/** Null when the page was the last one. */
export function nextCursor(page: readonly RunPlace[], limit: number): string | null {
  const last = page.at(-1);
  return page.length === limit && last !== undefined ? `${last.createdAt}.${last.id}` : null;
}
