/** Upper bounds in milliseconds. */
export const timeBounds = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;

/** Times counted by size, as cheaply as that can be: `/metrics` reads the numbers when it is asked. */
export class TimeHistogram {
  /** How many were at most the bound of the same index, and above the one before. */
  readonly counts = timeBounds.map(() => 0);
  sum = 0;
  count = 0;

  add(ms: number): void {
    this.sum += ms;
    this.count += 1;
    for (let index = 0; index < timeBounds.length; index += 1) {
      if (ms > timeBounds[index]!) continue;
      this.counts[index]! += 1;
      return;
    }
  }
}
