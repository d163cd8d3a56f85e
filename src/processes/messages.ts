/** What a member tells its parent. */
export type FromMember =
  | ({ type: 'listening' } & Listening)
  /** Asks for the metrics of all the others; `ask` comes back with them. */
  | { type: 'gather'; ask: number }
  /** Its own metrics, as asked for. */
  | { type: 'metrics'; ask: number; text: string };

/** What the parent tells a member. Whether to end it tells by SIGTERM, which needs no message. */
export type ToMember =
  | { type: 'tell-metrics'; ask: number }
  | { type: 'gathered'; ask: number; others: readonly MemberMetrics[] };

/** A server that takes requests from now on, and what its parent must know of the settings, which it does not read itself. */
export interface Listening {
  url: string;
  port: number;
  count: number;
  drainMs: number;
  /** What functions are isolated by, in words. */
  isolation: string;
  /** Lines for whoever started it, such as the first key; null when there is nothing new. */
  firstSteps: string | null;
}

/** Prometheus text of one member; null when it did not answer. */
export interface MemberMetrics {
  number: number;
  text: string | null;
}
