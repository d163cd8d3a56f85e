import type { KeyRecord, KeyRecords } from '../contract/records.js';
import type { Backend } from './backend.js';
import type { KeyRow } from './tables.js';

/** Access keys; of their secret half only the hash. */
export function keyRecords({ db }: Backend): KeyRecords {
  return {
    insert: async (key) => {
      await db.insertInto('keys').values(rowFromKey(key)).execute();
    },

    revoke: async (id, at) => {
      const { numUpdatedRows } = await db
        .updateTable('keys')
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },

    all: async () => (await db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('id').execute()).map(keyFromRow),
  };
}

function rowFromKey(key: KeyRecord): KeyRow {
  return {
    id: key.id,
    hash: key.hash,
    name: key.name,
    scopes: JSON.stringify(key.scopes),
    functions: key.functions === null ? null : JSON.stringify(key.functions),
    lanes: key.lanes === null ? null : JSON.stringify(key.lanes),
    expires_at: key.expiresAt,
    rate_per_minute: key.ratePerMinute,
    max_concurrent: key.maxConcurrent,
    created_at: key.createdAt,
    created_by: key.createdBy,
    revoked_at: key.revokedAt,
  };
}

function keyFromRow(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    hash: row.hash,
    name: row.name,
    scopes: JSON.parse(row.scopes) as KeyRecord['scopes'],
    functions: row.functions === null ? null : (JSON.parse(row.functions) as string[]),
    lanes: row.lanes === null ? null : (JSON.parse(row.lanes) as string[]),
    expiresAt: row.expires_at,
    ratePerMinute: row.rate_per_minute,
    maxConcurrent: row.max_concurrent,
    createdAt: row.created_at,
    createdBy: row.created_by,
    revokedAt: row.revoked_at,
  };
}
