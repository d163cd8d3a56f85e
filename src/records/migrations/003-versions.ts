import type { Migration } from './migration.js';

/** Versions of every lane, the names that are taken in any letter case, and pins and splits. */
export const versionsMigration: Migration = {
  name: '003-versions',
  statements: ({ text }) => [
    `create table versions (
      function ${text} not null,
      lane ${text} not null,
      major bigint not null,
      minor bigint not null,
      state text not null,
      sha256 text,
      size_bytes bigint,
      manifest text,
      type text,
      pushed_at bigint not null,
      pushed_by text,
      promoted_from text,
      updated_at bigint not null,
      primary key (function, lane, major, minor)
    )`,
    'create index versions_updated on versions (updated_at)',
    // A function's own row has the lane ''. The first spelling of a name is the only one.
    `create table names (
      function_folded ${text} not null,
      lane_folded ${text} not null,
      name ${text} not null,
      primary key (function_folded, lane_folded)
    )`,
    `create table lanes (
      function ${text} not null,
      lane ${text} not null,
      pin text,
      split text,
      updated_at bigint not null,
      primary key (function, lane)
    )`,
    'create index lanes_updated on lanes (updated_at)',
  ],
};
