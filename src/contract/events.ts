import { Type, type Static } from './schema.js';

/** An event's name: 1 to 128 of A-Z a-z 0-9 . _ : -, starting with a letter or digit. */
export const eventNamePattern = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';

export const EventName = Type.String({ pattern: eventNamePattern, description: "An event's name." });
export type EventName = Static<typeof EventName>;

/** What a function subscribes to: one name, or with a `*` at the end all that begin so. */
export const EventPattern = Type.String({
  pattern: '^(\\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\\*?)$',
  description: "An event's name, or its beginning and a `*`.",
});
export type EventPattern = Static<typeof EventPattern>;

/** Something that happened, told to every lane whose current version subscribes to it. */
export interface PublishedEvent {
  /** The same id is the same event: told again, it starts nothing twice. */
  id: string;
  name: string;
  /** JSON text. */
  data: string | null;
  callerId: string | null;
  keyId: string | null;
  /** W3C trace context of the caller. */
  traceparent: string | null;
  /** Ends told on the way to this event, see `RunPolicy.hops`. */
  hops: number;
  /** The caller's own word that it is the same event; with other data it is refused. */
  idempotencyKey: string | null;
  /** Whether a subscriber may be reached by whoever publishes. */
  reaches: (functionName: string, lane: string) => boolean;
}

/** A lane that wants events. */
export interface Subscription {
  pattern: EventPattern;
  function: string;
  lane: string;
  /** Whose manifest says so. */
  version: string;
}

export interface EventAnswer {
  /** Runs that are durable now, also those that were before. */
  started: { runId: string; function: string; lane: string }[];
  /** Subscribers that can take no run at all, whoever starts it. */
  refused: RefusedByEvent[];
}

export interface RefusedByEvent {
  function: string;
  lane: string;
  code: string;
  message: string;
}

/** Where events come in. */
export interface EventIntake {
  /**
   * no-fake-accept: resolves when a run of every subscriber that can run is durable. Rejects with `too_many_subscribers`, or with what kept a
   * run from being accepted; the same event may be told again then, and starts only what is missing.
   */
  publish(event: PublishedEvent): Promise<EventAnswer>;
  /** Of everybody, or of those that would get an event; sorted by function, lane, version and pattern. */
  subscriptions(event: string | null): Promise<Subscription[]>;
}
