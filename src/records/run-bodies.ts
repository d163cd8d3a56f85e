import type { KeptInvocation } from '../contract/records.js';
import type { Backend, LargeBodies } from './backend.js';

/** A larger payload or result is not kept in a row, which is rewritten and copied more often than its body is read. */
const largestInTable = 256 * 1024;
/** Bodies up to this are kept in the row of their run: that is one row to write instead of three. */
const largestInRun = 2048;

/** Where a body is: in a table, or elsewhere under a reference; neither when there is none. */
export interface KeptBody {
  text: string | null;
  reference: string | null;
}

/** Puts a body where it belongs by its size; what is kept elsewhere is durable when the promise resolves. */
export function placeBody(text: string | null, largeBodies: LargeBodies): KeptBody | Promise<KeptBody> {
  if (text === null) return noBody;
  if (!isLarge(text)) return { text, reference: null };
  return largeBodies.keep(text).then((reference) => ({ text: null, reference }));
}

const noBody: KeptBody = { text: null, reference: null };

export async function readBody({ text, reference }: KeptBody, largeBodies: LargeBodies): Promise<string | null> {
  return reference === null ? text : largeBodies.read(reference);
}

type Where = Pick<Backend, 'db' | 'largeBodies'>;

/** The payload or result of a run, wherever it is; null when there is none (any more). */
export async function bodyOf(where: Where, id: string, kind: 'payload' | 'result'): Promise<string | null> {
  const run = await where.db.selectFrom('runs').select([kind, 'bodies_apart']).where('id', '=', id).executeTakeFirst();
  if (run === undefined) return null;
  if (run[kind] !== null || run.bodies_apart === 0) return run[kind];
  return (await findApart(where, id, kind))?.body ?? null;
}

/** What a run was given; null when it is not kept (any more). */
export async function keptOf(where: Where, id: string): Promise<{ invocation: KeptInvocation; payload: string | null } | null> {
  const run = await where.db
    .selectFrom('runs')
    .select(['mode', 'state', 'invocation', 'payload', 'bodies_apart'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (run === undefined || run.state === 'succeeded') return null;
  const apart = run.bodies_apart === 0 ? null : await findApart(where, id, 'payload');
  const invocation = run.invocation ?? apart?.invocation ?? null;
  // A sync run keeps its payload alone.
  if (invocation === null && run.mode === 'queued') return null;
  return { invocation: toInvocation(invocation), payload: run.payload ?? apart?.body ?? null };
}

export function toInvocation(text: string | null): KeptInvocation {
  return text === null ? { url: '', headers: {}, parameters: {} } : (JSON.parse(text) as KeptInvocation);
}

async function findApart(
  { db, largeBodies }: Where,
  id: string,
  kind: 'payload' | 'result',
): Promise<{ invocation: string | null; body: string | null } | null> {
  const row = await db
    .selectFrom('run_bodies')
    .select(['invocation', 'body', 'kept_in'])
    .where('run_id', '=', id)
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { invocation: row.invocation, body: await readBody({ text: row.body, reference: row.kept_in }, largeBodies) };
}

/**
 * Removes what is kept elsewhere, when its row was not written or is gone. That is done and told by then, whatever becomes of this:
 * what stays is swept.
 */
export async function removeBodies(bodies: readonly (string | null)[], largeBodies: LargeBodies): Promise<void> {
  const references = bodies.filter((reference) => reference !== null);
  if (references.length > 0) await largeBodies.remove(references).catch(() => {});
}

/**
 * Removes what is kept elsewhere after a write that failed, unless its row was written all the same. PostgreSQL may carry out
 * later what is not answered: there the sweep decides.
 */
export async function removeUnwritten(
  { db, dialect, largeBodies }: Pick<Backend, 'db' | 'dialect' | 'largeBodies'>,
  { id, kind, reference }: { id: string; kind: 'payload' | 'result'; reference: string | null },
): Promise<void> {
  if (reference === null || dialect.name !== 'sqlite') return;
  const row = await db
    .selectFrom('run_bodies')
    .select('kept_in')
    .where('run_id', '=', id)
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (row?.kept_in !== reference) await largeBodies.remove([reference]);
}

/** Whether texts fit into the row of their run together. */
export function isSmall(...texts: (string | null)[]): boolean {
  return texts.reduce((length, text) => length + (text?.length ?? 0), 0) <= largestInRun;
}

/** Bytes of the text in UTF-8. */
export function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}

function isLarge(text: string): boolean {
  // No character is shorter than a byte, so most bodies need not be counted.
  return text.length > largestInTable || (text.length > largestInTable / 3 && bytesOf(text) > largestInTable);
}
