/** What a function, or one lane of it, may take of the queue on all servers together. Null is what the settings say. */
export interface QueueLimit {
  function: string;
  /** Null: all lanes of the function together. */
  lane: string | null;
  /** Queued runs carried out at the same time. */
  maxRunning: number | null;
  /** Runs waiting; then 429 `queue_full`. */
  maxQueued: number | null;
  /** A run that has not begun by then expires; milliseconds. */
  expiresAfterMs: number | null;
  updatedAt: number;
}

export interface LimitRecords {
  all(): Promise<QueueLimit[]>;
  /** Replaces what was there. */
  set(limit: Omit<QueueLimit, 'updatedAt'>): Promise<void>;
  /** False when there was none. */
  remove(functionName: string, lane: string | null): Promise<boolean>;
}
