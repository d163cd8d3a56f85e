import type { AuditRecords } from '../contract/records.js';
import type { Backend } from './backend.js';

/** Who changed what, newest first. */
export function auditRecords({ db }: Backend): AuditRecords {
  return {
    append: async ({ at, keyId, action, target, details, address }) => {
      await db
        .insertInto('audit')
        .values({ at, key_id: keyId, action, target, details: JSON.stringify(details), address })
        .execute();
    },

    list: async (limit, before) => {
      let query = db.selectFrom('audit').selectAll();
      if (before !== null) query = query.where('id', '<', before);
      const rows = await query.orderBy('id', 'desc').limit(limit).execute();
      return rows.map(({ key_id, details, ...row }) => ({
        ...row,
        keyId: key_id,
        details: JSON.parse(details) as Record<string, unknown>,
      }));
    },
  };
}
