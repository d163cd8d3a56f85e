import type { PublishedEvent } from '../contract/events.js';
import { derivedId } from '../runs/derived-id.js';
import type { RunRequest } from '../runs/run-request.js';
import { versionFor } from './choose-version.js';
import type { SubscribedLane } from './subscription-index.js';

/** The way in of runs that an event starts. */
export const eventSource = 'event';

/** The run that an event starts in a subscribed lane. Its id follows from both, so that an event told again starts it once. */
export function requestFor(event: PublishedEvent, subscriber: SubscribedLane): RunRequest & { id: string } {
  const { function: name, lane } = subscriber;
  return {
    id: derivedId('event run', event.id, name, lane),
    source: eventSource,
    callerId: event.callerId,
    keyId: event.keyId,
    function: name,
    lane,
    version: versionFor(subscriber, event),
    type: null,
    entryFile: null,
    payload: event.data,
    invocation: {
      url: `/api/v1/events/${event.name}`,
      headers: { 'x-laneway-event': event.name, 'x-laneway-event-id': event.id },
      parameters: { event: event.name, event_id: event.id },
    },
    ...(event.traceparent === null ? {} : { traceparent: event.traceparent }),
    queued: {
      ...(event.hops === 0 ? {} : { hops: event.hops }),
      ...(event.idempotencyKey === null ? {} : { idempotencyKey: `event/${event.id}/${name}/${lane}` }),
    },
  };
}
