import type { Migration } from './migration.js';

/** Schedules, with an index on the ticks to come. */
export const schedulesMigration: Migration = {
  name: '006-schedules',
  statements: ({ text }) => [
    `create table schedules (
      id ${text} primary key,
      name ${text} not null,
      function ${text} not null,
      lane ${text} not null,
      version text not null,
      timing text not null,
      payload text,
      overlap text not null,
      catch_up text not null,
      on_failure text,
      origin text not null,
      key_id text,
      paused_at bigint,
      next_at bigint,
      last_at bigint,
      last_run_id text,
      fired bigint not null,
      skipped bigint not null,
      last_problem text,
      revision bigint not null,
      created_at bigint not null,
      updated_at bigint not null,
      unique (function, lane, name)
    )`,
    'create index schedules_next on schedules (next_at, id) where next_at is not null',
  ],
};
