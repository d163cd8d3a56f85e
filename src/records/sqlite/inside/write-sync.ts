import type { RunState } from '../../../contract/words.js';
import type { Value } from '../messages.js';
import { ownColumns, sharedColumns, unpackSyncRows, type SyncBatch } from '../sync-batches.js';
import type { Database } from './database.js';
import { inRows } from './in-rows.js';
import { prepareInsertBody } from './insert-body.js';

/** One statement for so many rows costs a third of as many statements. */
const rowsAtOnce = 25;

/** Sync runs that have ended; the ids of those that other runs have. */
export function prepareWriteSync(database: Database) {
  const insertMany = database.prepare(insertRows(rowsAtOnce));
  const insertOne = database.prepare(insertRows(1));
  const isSame = database.prepare(`select 1 from runs where id = ? and mode = 'sync' and created_at = ?`);
  const insertBody = prepareInsertBody(database);

  return (values: readonly Value[]): string[] => unpackSyncRows(values).flatMap(writeBatch);

  function writeBatch(batch: SyncBatch): string[] {
    const rows = inRows(batch.own, ownColumns.length);
    const taken: string[] = [];
    let written = 0;
    for (let from = 0; from < rows.length;) {
      const count = rows.length - from >= rowsAtOnce ? rowsAtOnce : 1;
      const some = rows.slice(from, from + count);
      const { changes } = (count === 1 ? insertOne : insertMany).run([...batch.shared, ...some.flat()]);
      if (changes < count) taken.push(...idsTaken(some));
      written += changes;
      from += count;
    }
    database.counts.moved(lineOf(batch), null, stateOf(batch), written);
    if (written > 0) writeBodies(batch, rows[0]![0]!);
    return taken;
  }

  /** The same row again, after an answer that was lost, is no collision. */
  function idsTaken(rows: readonly Value[][]): string[] {
    const another = rows.filter(([id, , createdAt]) => isSame.get([id, createdAt]) === undefined);
    return another.map(([id]) => id as string);
  }

  /** Rows with bodies elsewhere come alone. */
  function writeBodies({ apart: [payload, payloadKeptIn, result, resultKeptIn] }: SyncBatch, id: Value): void {
    if (payload !== null || payloadKeptIn !== null) insertBody.run([id, 'payload', null, payload, payloadKeptIn]);
    if (result !== null || resultKeptIn !== null) insertBody.run([id, 'result', null, result, resultKeptIn]);
  }
}

/** First what the rows share, then what each has of its own. */
function insertRows(count: number): string {
  const shared = sharedColumns.map((_, index) => `?${index + 1}`).join(', ');
  const rows = Array.from({ length: count }, (_, row) => {
    const first = sharedColumns.length + row * ownColumns.length + 1;
    return `(${ownColumns.map((_, index) => `?${first + index}`).join(', ')})`;
  });
  const own = ownColumns.map((_, index) => `column${index + 1}`);
  const createdAt = own[ownColumns.indexOf('created_at')];
  return `insert into runs (${[...sharedColumns, ...ownColumns].join(', ')}, mode, attempt, fence, priority, deaths, counted, due_at)
    select ${shared}, ${own.join(', ')}, 'sync', 1, 0, 0, 0, 1, ${createdAt} from (values ${rows.join(', ')}) where true
    on conflict do nothing`;
}

function lineOf({ shared }: SyncBatch): { function: string; lane: string } {
  return { function: shared[nameAt] as string, lane: shared[laneAt] as string };
}

function stateOf({ shared }: SyncBatch): RunState {
  return shared[stateAt] as RunState;
}

const [nameAt, laneAt, stateAt] = (['function', 'lane', 'state'] as const).map((column) => sharedColumns.indexOf(column)) as [
  number,
  number,
  number,
];
