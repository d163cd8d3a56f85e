import { sql } from './kysely.js';
import type { Backend } from './backend.js';
import { moveTo } from './run-ends.js';

/** A queued run ends at once; of a running one it is noted for its owner. */
export async function cancelRun({ db, dialect }: Backend, id: string): Promise<'cancelled' | 'requested' | 'ended' | 'unknown'> {
  const now = sql.raw(dialect.now);
  const { rows: cancelled } = await sql`
    update runs set ${sql.raw(moveTo(`'cancelled'`, dialect.now))}, cancel_requested_at = ${now},
      reason = null, message = null, exit_code = null
    where id = ${id} and state = 'queued' returning id`.execute(db);
  if (cancelled.length > 0) return 'cancelled';
  const { rows: requested } = await sql`
    update runs set cancel_requested_at = coalesce(cancel_requested_at, ${now})
    where id = ${id} and state = 'running' returning id`.execute(db);
  if (requested.length > 0) return 'requested';
  const known = await db.selectFrom('runs').select('state').where('id', '=', id).executeTakeFirst();
  if (known === undefined) return 'unknown';
  // It moved on between the two looks: back to queued, or to running.
  return known.state === 'queued' || known.state === 'running' ? cancelRun({ db, dialect } as Backend, id) : 'ended';
}
