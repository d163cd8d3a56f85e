import type { Listening, MemberMetrics } from './messages.js';

/** What a server knows of the processes beside it when it is one of several with one parent. */
export interface Membership {
  /** Its place, from 1; kept when it is started again. */
  readonly number: number;
  readonly parentPid: number;
  /** Told once, when it takes requests. */
  listening(facts: Listening): void;
  /** Says how the others get this server's metrics. */
  onMetricsAsked(text: () => Promise<string>): void;
  /** The metrics of the others. */
  gatherMetrics(): Promise<readonly MemberMetrics[]>;
}
