import type { AcceptAnswer } from '../../backend.js';
import { sqliteDialect } from '../../dialect.js';
import { QueueRoom } from '../../queue-room.js';
import { acceptedColumns } from '../../run-row.js';
import { admitRun, settleAdmission, type Admission } from '../../steps/admit-run.js';
import { carryOutSteps } from '../../steps/steps.js';
import type { AcceptedMore, Value } from '../messages.js';
import type { Database } from './database.js';
import { prepareInsertBody } from './insert-body.js';

const width = acceptedColumns.length;
const idAt = acceptedColumns.indexOf('id');
const functionAt = acceptedColumns.indexOf('function');
const laneAt = acceptedColumns.indexOf('lane');
const redriveOfAt = acceptedColumns.indexOf('redrive_of');

/** Writes a run that was not refused: as queued, or as running when there is a place for it at once. */
export function prepareAccept(database: Database) {
  const insertRun = database.prepare(
    `insert into runs (${acceptedColumns.join(', ')}, state, attempt, lease_owner, lease_until, started_at,
       created_at, due_at, ready_at, expires_at, mode, fence, deaths, result_bytes, counted)
     values (${acceptedColumns.map(() => '?').join(', ')}, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 1, 0, 0, 1)
     on conflict do nothing`,
  );
  const insertBody = prepareInsertBody(database);
  const room = new QueueRoom();
  return (values: readonly Value[]): AcceptAnswer => {
    const admission = admissionOf(values);
    const answer = carryOutSteps(admitRun(sqliteDialect, admission, room), database.execute);
    if (answer !== null) return answer;

    const more = values.slice(width) as unknown as AcceptedMore;
    const [delayMs, expiresAfterMs, owner, leaseMs, invocation, payload, keptIn] = more;
    const now = database.now();
    const isStraight = owner !== null;
    const { changes } = insertRun.run([
      ...values.slice(0, width),
      isStraight ? 'running' : 'queued',
      isStraight ? 1 : 0,
      owner,
      isStraight ? now + leaseMs! : null,
      isStraight ? now : null,
      now,
      now + delayMs,
      delayMs > 0 ? null : now,
      expiresAfterMs === null ? null : now + expiresAfterMs,
    ]);
    if (changes === 0) return { how: 'refused', code: 'run_id_in_use', details: { id: admission.id } };
    database.counts.moved(admission, null, isStraight ? 'running' : 'queued');
    if (invocation !== null) insertBody.run([admission.id, 'payload', invocation, payload, keptIn]);
    carryOutSteps(settleAdmission(sqliteDialect, admission), database.execute);
    return { how: isStraight ? 'running' : 'queued', at: now };
  };
}

function admissionOf(values: readonly Value[]): Admission {
  const [lane, all, one, scope, key, bodyHash, keepMs] = values.slice(width + 7) as unknown as LastOfMore;
  return {
    id: values[idAt] as string,
    function: values[functionAt] as string,
    lane: values[laneAt] as string,
    redrive_of: values[redriveOfAt] as string | null,
    idempotency: scope === null ? null : { scope, key: key!, bodyHash: bodyHash!, keepMs: keepMs! },
    caps: { lane, function: all, all: one },
  };
}

type LastOfMore = AcceptedMore extends readonly [unknown, unknown, unknown, unknown, unknown, unknown, unknown, ...infer Last]
  ? Last
  : never;
