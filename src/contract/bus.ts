/**
 * Messages between the servers of one installation (in process when there is only one): live events, cancel
 * requests, store and key changes. At most once, in order per topic and sender; whoever needs certainty re-reads the records.
 */
export interface Bus {
  publish(topic: string, message: string): void;
  /** The handler also gets this server's own messages. Returns how to stop. */
  subscribe(topic: string, handle: (message: string) => void): () => void;
  /** Called after the connection came back: messages may have been missed. */
  onReconnect(handle: () => void): () => void;
  check(): Promise<void>;
  close(): Promise<void>;
}
