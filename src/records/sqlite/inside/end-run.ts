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
    `update runs set ${moveTo(`'succeeded'`, '?3')}, reason = null, message = null, exit_code = null, timings = ?4,
       result_bytes = ?5, result = ?6, bodies_apart = bodies_apart | ?7, invocation = null, payload = null
     where ${held} returning bodies_apart`,
  );
  // A failed or cancelled run keeps its payload: it may be started anew.
  const endOtherwise = database.prepare(
    `update runs set ${moveTo('?4', '?3')}, reason = ?5, message = ?6, exit_code = ?7, timings = ?8 where ${held}`,
  );
  const findState = database.prepare(`select ${stateOfRetry('?3', '?4')} from runs where ${held}`);
  const repeat = database.prepare(
    `update runs set ${moveTo(`'queued'`, '?3')}, reason = ?4, message = ?5, exit_code = ?6, timings = ?7,
       due_at = ?3 + ?8, ready_at = null, failures = failures + 1
     where ${held}`,
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
      const dropped = ended[0] === 0 ? undefined : (dropPayload.get([id]) as Value[] | undefined)?.[0];
      if (isApart) insertBody.run([id, 'result', null, apart, keptIn]);
      return { state: 'succeeded', dropped: typeof dropped === 'string' ? [dropped] : [] };
    }

    const [state] =
      asked === 'queued' ? ((findState.get([id, fence, now, retryInMs]) as Value[] | undefined) ?? [null]) : [asked];
    if (state === null) return null;
    const { changes } =
      state === 'queued'
        ? repeat.run([id, fence, now, reason, message, exitCode, timings, retryInMs])
        : endOtherwise.run([
            id,
            fence,
            now,
            state,
            ...(state === 'cancelled' && asked === 'queued' ? [null, null, null] : [reason, message, exitCode]),
            timings,
          ]);
    return changes === 0 ? null : { state: state as RunState, dropped: [] };
  };
}
