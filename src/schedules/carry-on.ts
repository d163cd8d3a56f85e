import type { ScheduleAdvance, ScheduleRecord, ScheduleRecords } from '../contract/schedules.js';
import { planTicks } from './catch-up.js';
import { fireTick, type FireParts } from './fire-tick.js';

export interface CarryOnParts extends FireParts {
  schedules: Pick<ScheduleRecords, 'advance'>;
  /** The server closes: no further tick is begun. */
  isClosing: () => boolean;
}

/** `later`: its tick stays due and is to be tried again. `done`: it has no tick due, or another server has it. */
export type CarriedOn = { kind: 'done' } | { kind: 'later'; error: unknown };

/**
 * Brings one schedule up to `now`: each tick that came fires or is skipped, in order. A tick is fired first and then
 * advanced over, by compare-and-set; who loses that stops, for the winner goes on.
 */
export async function carryOn(schedule: ScheduleRecord, now: number, parts: CarryOnParts): Promise<CarriedOn> {
  if (schedule.nextAt === null || schedule.nextAt > now) return done;
  const { fire, skipped, nextAt } = planTicks(schedule, schedule.nextAt, now);
  let current = schedule;
  if (skipped > 0) {
    const problem = `${skipped} ${skipped === 1 ? 'tick was' : 'ticks were'} missed: no server fired ${skipped === 1 ? 'it' : 'them'} in time`;
    const over = await advance(current, { ...noFiring, nextAt: fire[0] ?? nextAt, skipped, problem }, parts);
    if (over === null) return done;
    current = over;
  }
  for (const [index, tick] of fire.entries()) {
    if (parts.isClosing()) return done;
    const fired = await fireTick(current, { tick, now }, parts);
    if (fired.kind === 'later') return fired;
    const next = { nextAt: fire[index + 1] ?? nextAt };
    const to =
      fired.kind === 'fired'
        ? { ...noFiring, ...next, fired: 1, last: { at: tick, runId: fired.runId } }
        : { ...noFiring, ...next, skipped: 1, problem: fired.problem };
    const over = await advance(current, to, parts);
    if (over === null) return done;
    current = over;
  }
  return done;
}

const done: CarriedOn = { kind: 'done' };
const noFiring = { fired: 0, skipped: 0, last: null, problem: null };

/** The schedule after the step; null when another server was faster or the schedule is another one now. */
async function advance(
  schedule: ScheduleRecord,
  to: ScheduleAdvance,
  { schedules }: CarryOnParts,
): Promise<ScheduleRecord | null> {
  const from = { id: schedule.id, tick: schedule.nextAt!, revision: schedule.revision };
  if (!(await schedules.advance(from, to))) return null;
  return { ...schedule, nextAt: to.nextAt, ...(to.last === null ? {} : { lastAt: to.last.at, lastRunId: to.last.runId }) };
}
