import type { Database } from './database.js';

/** A body that does not fit into the row of its run: run id, kind, invocation, body, kept_in. */
export function prepareInsertBody(database: Database) {
  return database.prepare('insert into run_bodies (run_id, kind, invocation, body, kept_in) values (?, ?, ?, ?, ?)');
}
