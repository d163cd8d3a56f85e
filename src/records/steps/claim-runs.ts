import type { Claim, ClaimBy, Line, RunningLimits } from '../../contract/records.js';
import { primaryKeyOfRuns, type Dialect } from '../dialect.js';
import { runColumns } from '../run-row.js';
import { lock } from './admit-run.js';
import type { Steps, Value } from './steps.js';

/** Values of `runColumns`, then invocation, payload and the reference of a payload kept elsewhere. */
export type ClaimedValues = Value[];

/** A run that waits, as the line's index has it. */
interface Waiting {
  id: string;
  dueAt: number;
  key: string | null;
}

/** How many more may run now. */
interface Room {
  line: number;
  /** Of the keys that have a limit. */
  keys: Map<string, number>;
}

/** One run, when its limits leave room for it. */
export function* claimRun(dialect: Dialect, { runId, fence }: Claim, by: ClaimBy): Steps<ClaimedValues | 'limited' | null> {
  const [found] = yield {
    sql: `select function, lane, key_id from runs where id = ? and fence = ? and state = 'queued' and ready_at is not null
      and (expires_at is null or expires_at > ${dialect.now}) ${dialect.forUpdate}`,
    parameters: [runId, fence],
  };
  if (found === undefined) return null;
  if (by.limits !== null) {
    const [functionName, lane, key] = found as [string, string, string | null];
    const limits = { ...by.limits, keys: by.limits.keys.filter(({ id }) => id === key) };
    const room = yield* findRoom(dialect, { function: functionName, lane }, limits);
    if (room.line <= 0 || hasNoRoom(room, key)) return 'limited';
  }
  return (yield* take(dialect, [runId], by))[0] ?? null;
}

/** The first runs of a line that are ready, as many as there is room for. */
export function* claimNextRuns(
  dialect: Dialect,
  { line, count, by }: { line: Line; count: number; by: ClaimBy },
): Steps<{ runs: ClaimedValues[]; limited: boolean }> {
  const room = by.limits === null ? { line: count, keys: new Map() } : yield* findRoom(dialect, line, by.limits);
  const wanted = Math.min(count, room.line);
  if (wanted <= 0) return { runs: [], limited: count > 0 };
  const found = yield* findWaiting(dialect, { line, wanted, room });
  const runs = found.ids.length === 0 ? [] : yield* take(dialect, found.ids, by);
  return { runs, limited: runs.length < count && (found.passedOver || (wanted < count && found.ids.length === wanted)) };
}

/** RunningLimits are exact: whoever claims under the same limit waits here for the end of the other's transaction. */
function* findRoom(dialect: Dialect, line: Line, limits: RunningLimits): Steps<Room> {
  const keys = limits.keys.map(({ id }) => id);
  const isLineLimited = limits.function !== null || limits.lane !== null;
  if (dialect.name === 'postgres') {
    const names = [...(isLineLimited ? [`running function ${line.function}`] : []), ...keys.map((id) => `running key ${id}`)];
    if (names.length > 0) yield lock(names);
  }
  const room: Room = { line: Infinity, keys: new Map() };
  if (isLineLimited) {
    const [counts] = yield {
      sql: `select coalesce(sum(running), 0), coalesce(sum(case when lane = ? then running else 0 end), 0)
        from run_counts where function = ?`,
      parameters: [line.lane, line.function],
    };
    const [inFunction, inLane] = counts as [number, number];
    room.line = Math.min((limits.function ?? Infinity) - inFunction, (limits.lane ?? Infinity) - inLane);
  }
  if (keys.length > 0) {
    const counts = yield {
      sql: `select key_id, count(*) from runs ${dialect.indexedBy('runs_leased')}
        where state = 'running' and key_id in (${keys.map(() => '?').join(', ')}) group by key_id`,
      parameters: keys,
    };
    const running = new Map(counts as [string, number][]);
    for (const { id, max } of limits.keys) room.keys.set(id, max - (running.get(id) ?? 0));
  }
  return room;
}

function hasNoRoom({ keys }: Room, key: string | null): boolean {
  return key !== null && (keys.get(key) ?? 1) <= 0;
}

interface Search {
  line: Line;
  wanted: number;
  room: Room;
}

/** The first of the line, unless one of them has to stand back for its key: then it matters who comes after. */
function* findWaiting(dialect: Dialect, search: Search): Steps<{ ids: string[]; passedOver: boolean }> {
  const { line, wanted, room } = search;
  const rows = yield {
    sql: `select id, due_at, key_id from runs ${dialect.indexedBy('runs_in_line')}
      where ${isReady} and function = ? and lane = ? and ${isNotOver(dialect)}
      order by priority desc, due_at, id limit ? ${dialect.skipLocked}`,
    parameters: [line.function, line.lane, wanted],
  };
  const first = rows.map(toWaiting);
  if (takeWhatHasRoom(first, room).length === first.length) return { ids: first.map(({ id }) => id), passedOver: false };
  return { ids: yield* findByKeys(dialect, search), passedOver: true };
}

/**
 * Level by level of priority, each by due time. What belongs to a key without room is jumped over by the index, however long
 * it is.
 */
function* findByKeys(dialect: Dialect, { line, wanted, room }: Search): Steps<string[]> {
  const ids: string[] = [];
  let priority = yield* nextPriority(dialect, line, null);
  while (priority !== null && ids.length < wanted) {
    const level = { ...line, priority, wanted: wanted - ids.length };
    const chosen = takeWhatHasRoom(yield* firstOfEachKey(dialect, level, room), room).slice(0, level.wanted);
    for (const { id, key } of chosen) {
      ids.push(id);
      if (key !== null && room.keys.has(key)) room.keys.set(key, room.keys.get(key)! - 1);
    }
    priority = ids.length < wanted ? yield* nextPriority(dialect, line, priority) : null;
  }
  return ids;
}

function takeWhatHasRoom(waiting: readonly Waiting[], room: Room): Waiting[] {
  const left = new Map(room.keys);
  return waiting.filter(({ key }) => {
    const places = key === null ? undefined : left.get(key);
    if (places === undefined) return true;
    left.set(key!, places - 1);
    return places > 0;
  });
}

function* nextPriority(dialect: Dialect, line: Line, below: number | null): Steps<number | null> {
  const [next] = yield {
    sql: `select priority from runs ${dialect.indexedBy('runs_in_line')}
      where ${isReady} and function = ? and lane = ? ${below === null ? '' : 'and priority < ?'}
      order by priority desc limit 1`,
    parameters: [line.function, line.lane, ...(below === null ? [] : [below])],
  };
  return next === undefined ? null : (next[0] as number);
}

type Level = Line & { priority: number; wanted: number };

/** The first of every key that has room, merged by due time. */
function* firstOfEachKey(dialect: Dialect, level: Level, room: Room): Steps<Waiting[]> {
  const found: Waiting[] = [];
  const parameters = [level.function, level.lane, level.priority];
  const ofKey = (condition: string) => `select id, due_at, key_id from runs ${dialect.indexedBy('runs_in_line_by_key')}
    where ${inLevel} and ${condition} and ${isNotOver(dialect)} order by due_at, id limit ? ${dialect.skipLocked}`;
  const ofNone = yield { sql: ofKey('key_id is null'), parameters: [...parameters, level.wanted] };
  found.push(...ofNone.map(toWaiting));
  for (let last = ''; ;) {
    const [next] = yield {
      sql: `select key_id from runs ${dialect.indexedBy('runs_in_line_by_key')}
        where ${inLevel} and key_id > ? order by key_id limit 1`,
      parameters: [...parameters, last],
    };
    if (next === undefined) break;
    last = next[0] as string;
    const wanted = Math.min(level.wanted, room.keys.get(last) ?? Infinity);
    if (wanted <= 0) continue;
    const ofThis = yield { sql: ofKey('key_id = ?'), parameters: [...parameters, last, wanted] };
    found.push(...ofThis.map(toWaiting));
  }
  return found.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
}

const isReady = `state = 'queued' and ready_at is not null`;
const inLevel = `${isReady} and function = ? and lane = ? and priority = ?`;

function isNotOver({ now }: Dialect): string {
  return `(expires_at is null or expires_at > ${now})`;
}

function toWaiting([id, dueAt, key]: Value[]): Waiting {
  return { id: id as string, dueAt: dueAt as number, key: key as string | null };
}

/** no-second-live-attempt: the fence moves on for every claim. */
function* take(dialect: Dialect, ids: readonly string[], by: ClaimBy): Steps<ClaimedValues[]> {
  const list = ids.map(() => '?').join(', ');
  const rows = yield {
    sql: `update runs ${dialect.indexedBy(primaryKeyOfRuns)} set state = 'running', fence = fence + 1, attempt = attempt + 1,
        lease_owner = ?, lease_until = ${dialect.now} + ?, started_at = ${dialect.now}
      where id in (${list}) and state = 'queued'
      returning ${runColumns.join(', ')}, invocation, payload, null, bodies_apart`,
    parameters: [by.owner, by.leaseMs, ...ids],
  };
  const [idAt, bodiesAt] = [runColumns.indexOf('id'), runColumns.length];
  const apart = rows.filter((row) => row[bodiesAt + 3] !== 0).map((row) => row[idAt]!);
  const bodies = new Map<Value, Value[]>();
  if (apart.length > 0) {
    const found = yield {
      sql: `select run_id, invocation, body, kept_in from run_bodies
        where kind = 'payload' and run_id in (${apart.map(() => '?').join(', ')})`,
      parameters: apart,
    };
    for (const [id, ...body] of found) bodies.set(id!, body);
  }
  const place = new Map(ids.map((id, index) => [id, index]));
  return rows
    .map((row) => [...row.slice(0, bodiesAt), ...(bodies.get(row[idAt]!) ?? row.slice(bodiesAt, bodiesAt + 3))])
    .sort((a, b) => place.get(a[idAt] as string)! - place.get(b[idAt] as string)!);
}
