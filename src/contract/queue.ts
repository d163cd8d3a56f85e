/** "This run is due": the record is the truth, an announcement only wakes somebody up. */
export interface Announcement {
  runId: string;
  /** The record's fence at the time of the announcement; an outdated one is dropped when the run is claimed. */
  fence: number;
  /** 0 is the default; larger goes first. */
  priority: number;
  /** Whose run it is, so that nobody needs to read the record to know whether there is a place for it. */
  function: string;
  lane: string;
}

/** Brings an announcement to one server that claims. May deliver twice or never: claims and the sweep put that right. */
export interface Queue {
  /** Resolves when it is handed over. Rejects with `queue_unavailable` when it can't be: the sweep finds the run in the records. */
  announce(announcements: readonly Announcement[]): Promise<void>;
  /** Starts delivering, at most `concurrency` handlers at a time; 0 delivers nothing. The handler never rejects. */
  start(concurrency: number, handle: (announcement: Announcement) => Promise<void>): void;
  /** No further deliveries; resolves when the handlers under way have returned. */
  stop(): Promise<void>;
  /** Rejects with the reason when announcements can't be handed over now. */
  check(): Promise<void>;
  /** Announcements waiting here, for metrics. */
  depth(): Promise<number>;
  close(): Promise<void>;
}
