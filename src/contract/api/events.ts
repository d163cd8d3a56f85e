import { Type, type Static } from '../schema.js';
import { EventName } from '../events.js';
import { RunId } from '../words.js';

export const EventParams = Type.Object({ name: EventName });
export type EventParams = Static<typeof EventParams>;

export const PublishedView = Type.Object(
  {
    event_id: Type.String({ description: 'The same id for the same Idempotency-Key.' }),
    runs: Type.Array(Type.Object({ run_id: RunId, function: Type.String(), lane: Type.String() })),
    refused: Type.Array(
      Type.Object({ function: Type.String(), lane: Type.String(), code: Type.String(), message: Type.String() }),
      { description: 'Subscribers that can take no run, whoever starts it.' },
    ),
  },
  { description: 'A published event; each of its runs is durable.' },
);
export type PublishedView = Static<typeof PublishedView>;

export const SubscriptionQuery = Type.Object(
  { event: Type.Optional({ ...EventName, description: 'Only those that would get this event.' }) },
  { additionalProperties: false },
);
export type SubscriptionQuery = Static<typeof SubscriptionQuery>;

export const SubscriptionList = Type.Object({
  subscriptions: Type.Array(
    Type.Object({
      pattern: Type.String({ description: "An event's name, or its beginning and a `*`." }),
      function: Type.String(),
      lane: Type.String(),
      version: Type.String({ description: 'Whose laneway.json says so.' }),
    }),
  ),
});
export type SubscriptionList = Static<typeof SubscriptionList>;
