/** BullMQ takes 1 to 2^21, smallest first, and jobs without a priority before all others: so each job gets one, and 0 stands in the middle. */
const middle = 2 ** 20;
const largest = 2 ** 21;

/** Larger goes first for us, smaller for BullMQ; what is out of its range counts as its end. */
export function toJobPriority(priority: number): number {
  return Math.min(Math.max(middle - priority, 1), largest);
}

export function fromJobPriority(jobPriority: number): number {
  return middle - jobPriority;
}
