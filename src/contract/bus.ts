/**
 * Messages between the servers of one installation (in process when there is only one): live events, cancel
 * requests, store and key changes. At most once, in order per topic and sender; whoever needs certainty re-reads the records.
 */
export interface Bus {
  publish(topic: string, message: string): void;
  /**
   * The handler also gets this server's own messages, before `publish` returns. Returns how to stop.
   * `onOpen` is called once, when other servers' messages arrive from then on: what is read after it misses nothing.
   */
  subscribe(topic: string, handle: (message: string) => void, onOpen?: () => void): () => void;
  /** Called when messages may have been missed: the connection came back, here or at a server that could not send. */
  onReconnect(handle: () => void): () => void;
  /** Rejects with the reason when messages do not get through now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
