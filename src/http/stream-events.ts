import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RunEvent } from '../contract/records.js';
import type { Followed, FollowRun, Place } from '../runs/follow-run.js';

/** A comment this often keeps proxies from taking a quiet stream for a dead one. */
const heartbeatMs = 15_000;

/** Sends a run's events as server-sent events until it has ended or the client goes away; resumes after `Last-Event-ID`. */
export async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  { runId, following }: { runId: string; following: FollowRun },
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  // Whoever left while the key was looked up is told of by no event any more.
  if (reply.raw.destroyed) gone.abort();
  const resumed = lastEventId(request);
  const events = await following.follow(runId, resumed, gone.signal);
  reply.hijack();
  const out = reply.raw;
  out.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  out.flushHeaders();
  const heartbeat = setInterval(() => out.write(':\n\n'), heartbeatMs);
  try {
    let place: Place = resumed ?? { attempt: 0, seq: 0 };
    for await (const item of events) {
      if ('event' in item) place = item.event;
      if (!out.write(serverSentEvent(item, place))) await drained(out, gone.signal);
    }
  } catch (error) {
    request.log.warn({ err: error, reqId: request.id, runId }, 'an event stream was broken off');
  } finally {
    clearInterval(heartbeat);
    out.end();
  }
  return reply;
}

function serverSentEvent(item: Followed, place: Place): string {
  const id = `${place.attempt}.${place.seq}`;
  if ('event' in item) return `id: ${id}\nevent: ${item.event.kind}\ndata: ${eventData(item.event)}\n\n`;
  const { state, reason, message, attempt } = item.ended;
  return `id: ${id}\nevent: state\ndata: ${JSON.stringify({ attempt, state, reason, message })}\n\n`;
}

function eventData({ kind, attempt, at, stream, data }: RunEvent): string {
  const common = { attempt, at: new Date(at).toISOString() };
  if (kind === 'log') return JSON.stringify({ ...common, stream, text: data });
  if (kind === 'chunk') return JSON.stringify({ ...common, data });
  return JSON.stringify({ ...common, ...(JSON.parse(data) as object) });
}

function lastEventId(request: FastifyRequest): Place | null {
  const match = /^([0-9]{1,9})\.([0-9]{1,9})$/.exec(String(request.headers['last-event-id'] ?? ''));
  return match === null ? null : { attempt: Number(match[1]), seq: Number(match[2]) };
}

/** Resolves at once for a client that is gone: neither event would come. */
function drained(out: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      out.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    out.once('drain', done);
    signal.addEventListener('abort', done);
  });
}
