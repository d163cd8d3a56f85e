import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test, type TestContext } from 'node:test';
import Fastify from 'fastify';
import { streamEvents } from '../../src/http/stream-events.js';
import type { Followed, FollowRun, Place } from '../../src/runs/follow-run.js';

type Events = (after: Place | null, signal: AbortSignal) => AsyncGenerator<Followed, void, void>;

async function serve(t: TestContext, events: Events): Promise<string> {
  const app = Fastify({ forceCloseConnections: true });
  const following = {
    follow: async (_id: string, place: Place | null, signal: AbortSignal) => events(place, signal),
  } as unknown as FollowRun;
  app.get('/events', (request, reply) => streamEvents(request, reply, { runId: 'r', following }));
  t.after(() => app.close());
  return `${await app.listen({ port: 0 })}/events`;
}

function event(seq: number): Followed {
  return { event: { runId: 'r', attempt: 1, seq, at: 0, kind: 'log', stream: 'stdout', data: 'line' } };
}

test('a client that goes away between two events is followed no longer', async (t) => {
  let stopped!: () => void;
  const hasStopped = new Promise<void>((resolve) => (stopped = resolve));
  const url = await serve(t, async function* (_place, signal) {
    try {
      yield event(1);
      if (!signal.aborted) await once(signal, 'abort');
      yield event(2);
    } finally {
      stopped();
    }
  });
  const [answer] = (await once(get(url), 'response')) as [IncomingMessage];
  await once(answer, 'data');
  answer.destroy();
  await hasStopped;
});

test('an end that comes right after a resume has the id of the place it was resumed from', async (t) => {
  const url = await serve(t, async function* () {
    yield { ended: { attempt: 1, state: 'succeeded', reason: null, message: null } } as unknown as Followed;
  });
  const answer = await fetch(url, { headers: { 'last-event-id': '1.7' } });
  assert.match(await answer.text(), /^id: 1\.7\nevent: state\n/);
});
