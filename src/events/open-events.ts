import type { EventAnswer, EventIntake, PublishedEvent, RefusedByEvent, Subscription } from '../contract/events.js';
import type { RunRecords } from '../contract/records.js';
import { type ErrorCode, LanewayError } from '../errors.js';
import type { RunRequest } from '../runs/run-request.js';
import { type FollowParts, FollowSubscriptions } from './follow-subscriptions.js';
import { eventSource, requestFor } from './request-for.js';
import { includesEvent, type SubscribedLane } from './subscription-index.js';

export interface EventParts extends FollowParts {
  runs: Pick<RunRecords, 'get'>;
  accept: (request: RunRequest) => Promise<unknown>;
}

export type Events = EventIntake & { close(): void };

/** bounded: lanes that one event may reach, and runs that are accepted at the same time for it. */
const subscribersAtMost = 1000;
const acceptedAtOnce = 32;

/** What is wrong with a subscriber itself: its publisher can't mend it, and the others are not to suffer for it. */
const subscribersFault: readonly ErrorCode[] = [
  'function_not_found',
  'lane_not_found',
  'version_not_found',
  'entry_missing',
  'bad_artifact',
  'isolation_unavailable',
  'destination_invalid',
];

/** Opens the intake of events: subscriptions are followed from now on. */
export function openEvents(parts: EventParts): Events {
  const following = new FollowSubscriptions(parts);
  return {
    publish: async (event) => publish(event, await subscribersOf(event, following), parts),
    subscriptions: async (event): Promise<Subscription[]> => {
      const all = (await following.current()).all();
      return event === null ? all : all.filter(({ pattern }) => includesEvent(pattern, event));
    },
    close: () => following.close(),
  };
}

async function subscribersOf(event: PublishedEvent, following: FollowSubscriptions): Promise<SubscribedLane[]> {
  const all = (await following.current()).subscribersOf(event.name);
  const reached = all.filter(({ function: name, lane }) => event.reaches(name, lane));
  if (reached.length <= subscribersAtMost) return reached;
  throw new LanewayError('too_many_subscribers', { event: event.name, count: reached.length, limit: subscribersAtMost });
}

/** Some at a time; the first refusal that is not a subscriber's own fault ends it, and telling the event again goes on. */
async function publish(event: PublishedEvent, subscribers: SubscribedLane[], parts: EventParts): Promise<EventAnswer> {
  const answer: EventAnswer = { started: [], refused: [] };
  const left = subscribers.values();
  let failed = false;
  const work = async () => {
    for (const subscriber of left) {
      if (failed) return;
      try {
        answer.started.push(await start(event, subscriber, parts));
      } catch (error) {
        const refused = refusalOf(error, subscriber);
        if (refused === null) {
          failed = true;
          throw withEventId(error, event);
        }
        answer.refused.push(refused);
        parts.log.warn({ event: event.name, eventId: event.id, ...refused }, 'a subscriber can not take an event');
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: acceptedAtOnce }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return answer;
}

async function start(event: PublishedEvent, subscriber: SubscribedLane, { accept, runs }: EventParts) {
  const request = requestFor(event, subscriber);
  const { id, function: name, lane } = request;
  try {
    await accept(request);
  } catch (error) {
    if (!(error instanceof LanewayError) || error.code !== 'run_id_in_use') throw error;
    const there = await runs.get(id);
    // The event was told before; a run that only happens to have the id was not started by it.
    if (there?.source !== eventSource || there.function !== name || there.lane !== lane) throw error;
  }
  return { runId: id, function: name, lane };
}

function refusalOf(error: unknown, { function: name, lane }: SubscribedLane): RefusedByEvent | null {
  if (!(error instanceof LanewayError) || !subscribersFault.includes(error.code)) return null;
  return { function: name, lane, code: error.code, message: error.message };
}

/** So that whoever publishes without a key of their own can see in the log what was begun. */
function withEventId(error: unknown, { id }: PublishedEvent): unknown {
  if (!(error instanceof LanewayError)) return error;
  const { code, details, retryAfter } = error;
  return new LanewayError(code, { ...details, event_id: id }, { cause: error, ...(retryAfter === null ? {} : { retryAfter }) });
}
