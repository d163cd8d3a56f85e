import type { Migration } from './migration.js';

/** Log, stream, progress and state changes of runs. */
export const runEventsMigration: Migration = {
  name: '002-run-events',
  statements: ({ text, clustered }) => [
    `create table run_events (
      run_id ${text} not null,
      attempt bigint not null,
      seq bigint not null,
      at bigint not null,
      kind text not null,
      stream text,
      data text not null,
      primary key (run_id, attempt, seq)
    ) ${clustered}`,
  ],
};
