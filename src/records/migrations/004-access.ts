import type { Migration } from './migration.js';

/** Keys, secrets and the audit trail. */
export const accessMigration: Migration = {
  name: '004-access',
  statements: ({ text, numbered }) => [
    `create table keys (
      id ${text} primary key,
      hash text not null,
      name text not null,
      scopes text not null,
      functions text,
      lanes text,
      expires_at bigint,
      rate_per_minute bigint,
      max_concurrent bigint,
      created_at bigint not null,
      created_by text,
      revoked_at bigint
    )`,
    `create table secrets (
      name ${text} primary key,
      sealed text not null,
      updated_at bigint not null
    )`,
    `create table audit (
      id ${numbered},
      at bigint not null,
      key_id text,
      action text not null,
      target text not null,
      details text not null,
      address text
    )`,
  ],
};
