import { syncColumns } from '../../run-row.js';
import type { Value } from '../messages.js';
import type { Database } from './database.js';
import { inRows } from './in-rows.js';
import { prepareInsertBody } from './insert-body.js';

/** Sync runs that have ended; the ids of those that other runs have. */
export function prepareWriteSync(database: Database) {
  const width = syncColumns.length;
  const insertRun = database.prepare(
    `insert into runs (${syncColumns.join(', ')}, mode, attempt, fence, priority, deaths, due_at)
     values (${syncColumns.map(() => '?').join(', ')}, 'sync', 1, 0, 0, 0, ?)
     on conflict do nothing`,
  );
  const isSame = database.prepare(`select 1 from runs where id = ? and mode = 'sync' and created_at = ?`);
  const insertBody = prepareInsertBody(database);
  const createdAt = syncColumns.indexOf('created_at');
  return (values: readonly Value[]): string[] => {
    const taken: string[] = [];
    for (const row of inRows(values, width + 4)) {
      const id = row[0] as string;
      const [payload, payloadKeptIn, result, resultKeptIn] = row.slice(width) as [Value, Value, Value, Value];
      if (insertRun.run([...row.slice(0, width), row[createdAt]]).changes === 0) {
        // The same row again, after an answer that was lost, is no collision.
        if (isSame.get([id, row[createdAt]]) === undefined) taken.push(id);
        continue;
      }
      if (payload !== null || payloadKeptIn !== null) insertBody.run([id, 'payload', null, payload, payloadKeptIn]);
      if (result !== null || resultKeptIn !== null) insertBody.run([id, 'result', null, result, resultKeptIn]);
    }
    return taken;
  };
}
