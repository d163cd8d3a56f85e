import type { RunFilter, RunRecord, RunRecords } from '../contract/records.js';
import { messageOf } from '../errors.js';

/** What was done to the runs that fit a filter. */
export interface BulkOutcome {
  done: number;
  /** Those to which it could not be done, with the reason. */
  refused: { id: string; problem: string }[];
  /** There may be more that fit: the call is to be repeated. */
  more: boolean;
}

/** bounded: of one call. */
const mostAtOnce = 1000;
const pageRows = 100;

/** Acts on the runs that fit, newest first, a page side by side; one that is refused does not keep the others. */
export async function forEachRun(
  runs: Pick<RunRecords, 'list'>,
  { filter, isAllowed }: { filter: RunFilter; isAllowed: (run: RunRecord) => boolean },
  act: (run: RunRecord) => Promise<unknown>,
): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { done: 0, refused: [], more: false };
  let after: { createdAt: number; id: string } | null = null;
  for (let seen = 0; seen < mostAtOnce; seen += pageRows) {
    const page = await runs.list(filter, pageRows, after);
    const allowed = page.filter(isAllowed);
    const acted = await Promise.allSettled(allowed.map(act));
    acted.forEach((result, index) => {
      if (result.status === 'fulfilled') outcome.done += 1;
      else outcome.refused.push({ id: allowed[index]!.id, problem: messageOf(result.reason) });
    });
    if (page.length < pageRows) return outcome;
    after = page.at(-1)!;
  }
  return { ...outcome, more: true };
}
