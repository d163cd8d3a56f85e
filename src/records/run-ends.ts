/** Bits of `runs.notify`: which ends are to be told. */
export const endsToTell = { success: 1, failure: 2 } as const;

/**
 * The assignments that bring a run into a state, for every statement that moves one: when it ended, whether it is a dead letter,
 * and whether its end is to be told. `state` and `now` are pieces of SQL.
 */
export function moveTo(state: string, now: string): string {
  const isTold = `notify & (case ${state} when 'succeeded' then ${endsToTell.success}
    when 'failed' then ${endsToTell.failure} when 'expired' then ${endsToTell.failure} else 0 end) <> 0`;
  return `state = ${state},
    ended_at = case when ${state} in ('queued', 'running') then null else ${now} end,
    dead_at = case when ${state} in ('failed', 'expired') then ${now} end,
    deliver_at = case when ${isTold} then ${now} end,
    deliver_state = case when ${isTold} then 'pending' end,
    lease_owner = null,
    lease_until = null`;
}

/** What becomes of a failed attempt that is to be repeated after `delay`. There is no later attempt for a run that would expire first. */
export function stateOfRetry(now: string, delay: string): string {
  return `case when cancel_requested_at is not null then 'cancelled' when expires_at <= ${now} + ${delay} then 'failed' else 'queued' end`;
}
