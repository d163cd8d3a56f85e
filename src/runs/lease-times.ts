/** What becomes of the lease that is set: a run whose server died is taken over within it. */
export interface LeaseTimes {
  /** How long a claim or renewal holds. */
  leaseMs: number;
  renewEveryMs: number;
  sweepEveryMs: number;
  /** From a renewal until somebody else may take the run: a lease is believed to have run out one sweep later. */
  holdMs: number;
}

/**
 * A lease that ran out is believed at the second look only, one sweep after the first: a server that comes back after an
 * outage of the records, or whose database's clock jumped, has time to renew. Half of the time for the lease, a sixth to
 * the first look and a sixth to the second leave a sixth for the work itself.
 */
export function leaseTimes(takenOverWithinMs: number): LeaseTimes {
  const [leaseMs, sixth] = [takenOverWithinMs / 2, takenOverWithinMs / 6];
  return { leaseMs, renewEveryMs: sixth, sweepEveryMs: sixth, holdMs: leaseMs + sixth };
}
