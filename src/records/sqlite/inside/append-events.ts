import type { Value } from '../messages.js';
import type { Database } from './database.js';
import { inRows } from './in-rows.js';

/** What runs said; what is there already is skipped. */
export function prepareAppendEvents(database: Database) {
  const insert = database.prepare(
    'insert into run_events (run_id, attempt, seq, at, kind, stream, data) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing',
  );
  return (values: readonly Value[]): null => {
    for (const row of inRows(values, 7)) insert.run(row);
    return null;
  };
}
