/** Leader and start time of a process group: together they name it for good. */
export type Group = readonly [pid: number, startTime: string];

/** What a server tells its watchdog, a line of JSON each. */
export type ToWatchdog =
  /** These carry queued runs, besides those told before. */
  | { type: 'carry'; groups: Group[] }
  /** These alone carry queued runs. */
  | { type: 'groups'; groups: Group[] }
  /** The leases of those runs hold until then, by `monotonicMs`; null is no word. */
  | { type: 'until'; untilMs: number | null }
  /** The workers of these temporary folders have ended: what left their groups has no business any more. */
  | { type: 'ended'; scratch: string[] };

/** What the watchdog tells its server, before it does it: so the server hears of it before it sees the deaths. */
export interface FromWatchdog {
  killing: number[];
}

/** CLOCK_MONOTONIC in milliseconds: the same in all processes of a machine, and nobody can set it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
