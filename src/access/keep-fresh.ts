import type { Bus } from '../contract/bus.js';

export interface Freshness {
  /** Resolves when a load that began after this call has ended; rejects with its error. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * Loads again whenever the topic speaks, the bus came back, or `pollMs` went by (null: this server is the only writer).
 * Loads never overlap, so an older one can't overwrite a newer one; a failed load is told and the former state stays.
 */
export function keepFresh(options: {
  topic: string;
  bus: Bus;
  pollMs: number | null;
  load: () => Promise<void>;
  onError: (error: unknown) => void;
}): Freshness {
  const { topic, bus, pollMs, load, onError } = options;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const refresh = (): Promise<void> => {
    if (running === null) {
      running = load().finally(() => (running = null));
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return refresh();
      });
    return next;
  };
  const refreshQuietly = (): void => void refresh().catch(onError);

  const stops = [bus.subscribe(topic, refreshQuietly), bus.onReconnect(refreshQuietly)];
  const timer = pollMs === null ? null : setInterval(refreshQuietly, pollMs).unref();
  return {
    refresh,
    close() {
      if (timer) clearInterval(timer);
      for (const stop of stops) stop();
    },
  };
}

/** Polling this often keeps what a server knows less than 5 s old, also when a message was lost. */
export const sharedPollMs = 4000;
