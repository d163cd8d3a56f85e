import type { BulkFilter, RunQuery } from '../contract/api/runs.js';
import type { RunFilter } from '../contract/records.js';
import type { RunState } from '../contract/words.js';

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
