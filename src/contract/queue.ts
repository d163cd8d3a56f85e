/** "This run is due": the record is the truth, an announcement only wakes somebody up. */
export interface Announcement {
  runId: string;
  /** The record's fence at the time of the announcement; an outdated one is dropped when the run is claimed. */
  fence: number;
  /** 0 is the default; larger goes first. */
  priority: number;
}

/** Brings announcements to whoever has a free place. May deliver twice or never: claims and the sweep put that right. */
export interface Queue {
  /** Resolves when it is handed over. Rejects with `queue_unavailable` when it can't be: the sweep announces again later. */
  announce(announcements: readonly Announcement[]): Promise<void>;
  /** Starts delivering, at most `concurrency` handlers at a time. The handler never rejects. */
  start(concurrency: number, handle: (announcement: Announcement) => Promise<void>): void;
  /** No further deliveries; resolves when the handlers under way have returned. */
  stop(): Promise<void>;
  /** Rejects with the reason when announcements can't be handed over now. */
  check(): Promise<void>;
  /** Announcements waiting here, for metrics. */
  depth(): Promise<number>;
  close(): Promise<void>;
}
