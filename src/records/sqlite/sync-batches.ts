import { syncColumns, type SyncRow } from '../run-row.js';
import type { Value } from './messages.js';

/** What differs from run to run when the same function is called again and again. */
export const ownColumns = [
  'id',
  'caller_id',
  'created_at',
  'started_at',
  'ended_at',
  'traceparent',
  'timings',
  'payload_bytes',
  'result_bytes',
  'result',
] as const satisfies readonly (keyof SyncRow)[];

type SharedColumn = Exclude<(typeof syncColumns)[number], (typeof ownColumns)[number]>;
const own = new Set<string>(ownColumns);
export const sharedColumns = syncColumns.filter((column): column is SharedColumn => !own.has(column));
const apartColumns = ['apart_payload', 'payload_kept_in', 'apart_result', 'result_kept_in'] as const;

/** Rows that are alike but for their own columns. */
export interface SyncBatch {
  shared: readonly Value[];
  apart: readonly Value[];
  /** Of one row after the other. */
  own: Value[];
}

/**
 * Rows as values for the records thread: what they share travels, and is bound, once. For each batch the number of its rows,
 * what they share, and what each has of its own.
 */
export function packSyncRows(rows: readonly SyncRow[]): Value[] {
  const batches = new Map<string, SyncBatch>();
  rows.forEach((row, index) => {
    // What was not a success differs anyway, and its payload would make a long key.
    const key = row.state === 'succeeded' && row.bodies_apart === 0 ? keyOf(row) : String(index);
    let batch = batches.get(key);
    if (batch === undefined) {
      batch = { shared: sharedColumns.map((column) => row[column]), apart: apartColumns.map((column) => row[column]), own: [] };
      batches.set(key, batch);
    }
    for (const column of ownColumns) batch.own.push(row[column]);
  });
  const values: Value[] = [];
  for (const batch of batches.values()) {
    values.push(batch.own.length / ownColumns.length, ...batch.shared, ...batch.apart);
    for (const value of batch.own) values.push(value);
  }
  return values;
}

export function unpackSyncRows(values: readonly Value[]): SyncBatch[] {
  const batches: SyncBatch[] = [];
  for (let at = 0; at < values.length;) {
    const shared = at + 1;
    const apart = shared + sharedColumns.length;
    const ownFrom = apart + apartColumns.length;
    const end = ownFrom + (values[at] as number) * ownColumns.length;
    batches.push({ shared: values.slice(shared, apart), apart: values.slice(apart, ownFrom), own: values.slice(ownFrom, end) });
    at = end;
  }
  return batches;
}

function keyOf(row: SyncRow): string {
  return `${row.function}\n${row.lane}\n${row.version}\n${row.version_asked}\n${row.key_id}\n${row.source}\n${row.timeout_ms}\n${row.isolation}\n${row.type}\n${row.entry_file}\n${row.executor}`;
}
