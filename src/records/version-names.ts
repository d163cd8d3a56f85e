import { LanewayError } from '../errors.js';
import type { Backend } from './backend.js';

/** Takes both names in this spelling. Rejects with `function_name_case` when one is taken in another spelling. */
export async function takeNames(backend: Backend, functionName: string, lane: string): Promise<void> {
  await takeName(backend, { function_folded: fold(functionName), lane_folded: '', name: functionName });
  await takeName(backend, { function_folded: fold(functionName), lane_folded: fold(lane), name: lane });
}

/** Takes the names that nobody has; an older store may hold two spellings, and then the first one counts. */
export async function keepNames({ db }: Backend, found: readonly { function: string; lane: string }[]): Promise<void> {
  const rows = found.flatMap(({ function: name, lane }) => [
    { function_folded: fold(name), lane_folded: '', name },
    { function_folded: fold(name), lane_folded: fold(lane), name: lane },
  ]);
  await db
    .insertInto('names')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function takeName({ db }: Backend, taking: { function_folded: string; lane_folded: string; name: string }): Promise<void> {
  await db
    .insertInto('names')
    .values(taking)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { name } = await db
    .selectFrom('names')
    .select('name')
    .where('function_folded', '=', taking.function_folded)
    .where('lane_folded', '=', taking.lane_folded)
    .executeTakeFirstOrThrow();
  if (name !== taking.name) throw new LanewayError('function_name_case', { value: taking.name, existing: name });
}

function fold(name: string): string {
  return name.toLowerCase();
}
