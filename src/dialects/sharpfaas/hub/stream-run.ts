import type { RunEvent, RunRecord } from '../../../contract/records.js';
import { type ErrorCode, LanewayError } from '../../../errors.js';
import type { RunRequest } from '../../../runs/run-request.js';
import type { SharpFaasParts } from '../parts.js';
import type { HubStream, StreamSink } from './hub-connection.js';
import { sentenceFor } from './sentence-for.js';

/**
 * Starts a queued run and streams what it prints: each piece of its log as it was written, and each value it streams, until
 * the run has ended. Cancels the run when the client cancels or is gone.
 */
export function streamRun(
  request: () => RunRequest,
  sink: StreamSink,
  { runs, log }: Pick<SharpFaasParts, 'runs' | 'log'>,
): HubStream {
  const stop = new AbortController();
  let runId: string | null = null;
  let unwanted = false;

  const stream = async () => {
    try {
      const accepted = await runs.accept({ ...request(), queued: { retries: 0 } });
      runId = accepted.id;
      if (unwanted) return await cancelRun();
      const isExecutable = accepted.prepared.entry.runtime === 'executable';
      for await (const followed of await runs.following.follow(runId, null, stop.signal)) {
        if ('ended' in followed) {
          runId = null;
          return sink.complete(unwanted ? undefined : problemOf(followed.ended));
        }
        const text = textOf(followed.event, isExecutable);
        if (text !== null && !unwanted) await sink.item(text);
      }
      sink.complete();
    } catch (error) {
      sink.complete(sentenceFor(error, log));
      await cancelRun();
    }
  };

  const cancelRun = async () => {
    if (runId === null) return;
    try {
      await runs.cancel(runId);
    } catch (error) {
      const ended = error instanceof LanewayError && (error.code === 'run_ended' || error.code === 'run_not_found');
      if (!ended) log.warn({ err: error, runId }, 'the run of a hub stream could not be cancelled');
    }
  };

  const giveUp = async () => {
    if (unwanted) return;
    unwanted = true;
    await cancelRun();
    // Whether it has ended or not by now, nobody waits for the rest.
    sink.complete();
    stop.abort();
  };

  void stream();
  return { cancel: () => void giveUp(), lose: () => void giveUp() };
}

/** Null for what is no output. */
function textOf({ kind, data }: RunEvent, isExecutable: boolean): string | null {
  if (kind === 'log') return data;
  if (kind !== 'chunk') return null;
  return isExecutable ? data : chunkText(data);
}

/** The hub streams strings: a string goes as it is, any other value as its JSON. */
function chunkText(json: string): string {
  if (!json.startsWith('"')) return json;
  const value: unknown = JSON.parse(json);
  return typeof value === 'string' ? value : json;
}

/** What the client is told at the end of a run that did not succeed. */
function problemOf(run: RunRecord): string | undefined {
  if (run.state === 'succeeded') return undefined;
  if (run.state === 'cancelled') return new LanewayError('run_cancelled').message;
  if (run.state === 'expired') return new LanewayError('run_expired').message;
  const code: ErrorCode = run.reason === null ? 'run_function_error' : `run_${run.reason}`;
  return new LanewayError(code, { message: run.message ?? 'no reason was given' }).message;
}
