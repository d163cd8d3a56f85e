import type { RunState } from '../../../contract/words.js';
import { moveTo, stateOfRetry } from '../../run-ends.js';
import type { EndAnswer } from '../../backend.js';
import type { Value } from '../messages.js';
import type { Database } from './database.js';
import { prepareInsertBody } from './insert-body.js';

/** Ends an attempt: the run with it, or not when it is to be repeated. */
export function prepareEnd(database: Database) {
  // no-double-end: only the attempt that holds the fence ends the run, and only once.
  const held = `id = ?1 and fence = ?2 and state = 'running'`;
  const succeed = database.prepare(
    `update runs set counted = counted + 1, ${moveTo(`'succeeded'`, '?3')}, reason = null, message = null, exit_code = null, timings = ?4,
       result_bytes = ?5, result = ?6, bodies_apart = bodies_apart | ?7, invocation = null, payload = null
     where ${held} returning function, lane, bodies_apart`,
  );
  // A failed or cancelled run keeps its payload: it may be started anew.
  const endOtherwise = database.prepare(
    `update runs set counted = counted + 1, ${moveTo('?4', '?3')}, reason = ?5, message = ?6, exit_code = ?7, timings = ?8
     where ${held} returning function, lane`,
  );
  const findState = database.prepare(`select ${stateOfRetry('?3', '?4')} from runs where ${held}`);
  const repeat = database.prepare(
    `update runs set counted = counted + 1, ${moveTo(`'queued'`, '?3')}, reason = ?4, message = ?5, exit_code = ?6, timings = ?7,
       due_at = ?3 + ?8, ready_at = null, failures = failures + 1
     where ${held} returning function, lane`,
  );
  const dropPayload = database.prepare(`delete from run_bodies where run_id = ? and kind = 'payload' returning kept_in`);
  const insertBody = prepareInsertBody(database);

  return (values: readonly Value[]): EndAnswer => {
    const [id, fence, asked, retryInMs, reason, message, exitCode, timings, resultBytes, result, apart, keptIn] = values;
    const now = database.now();
    if (asked === 'succeeded') {
      const isApart = apart !== null || keptIn !== null;
      const ended = succeed.get([id, fence, now, timings, resultBytes, result, isApart ? 1 : 0]) as Value[] | undefined;
      if (ended === undefined) return null;
      const [functionName, lane, bodiesApart] = ended as [string, string, number];
      database.counts.moved({ function: functionName, lane }, 'running', 'succeeded');
      const dropped = bodiesApart === 0 ? undefined : (dropPayload.get([id]) as Value[] | undefined)?.[0];
      if (isApart) insertBody.run([id, 'result', null, apart, keptIn]);
      return { state: 'succeeded', dropped: typeof dropped === 'string' ? [dropped] : [] };
    }

    const [state] =
      asked === 'queued'
        ? ((findState.get([id, fence, now, retryInMs]) as [RunState] | undefined) ?? [null])
        : [asked as RunState];
    if (state === null) return null;
    // Of an attempt that was to be repeated nothing is told when a cancel was asked for meanwhile.
    const told = state === 'cancelled' && asked === 'queued' ? [null, null, null] : [reason, message, exitCode];
    const line = (
      state === 'queued'
        ? repeat.get([id, fence, now, ...told, timings, retryInMs])
        : endOtherwise.get([id, fence, now, state, ...told, timings])
    ) as [string, string] | undefined;
    if (line === undefined) return null;
    database.counts.moved({ function: line[0], lane: line[1] }, 'running', state);
    return { state, dropped: [] };
  };
}
