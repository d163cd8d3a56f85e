import type { ClaimBy, RunEvent } from '../../contract/records.js';
import type { AcceptAnswer, ClaimedRow, EndAnswer, EndRow, HotOperations } from '../backend.js';
import { acceptedColumns, toClaimedRow, type AcceptedRow } from '../run-row.js';
import type { AcceptedMore, ClaimAnswer, ClaimNextAnswer, Value } from './messages.js';
import type { RecordsThread } from './records-thread.js';
import { packSyncRows } from './sync-batches.js';

/** The hot operations as calls of the records thread, which commits those that wait together. */
export function sqliteHotOperations(thread: RecordsThread): HotOperations {
  return {
    accept: (run) => thread.call<AcceptAnswer>('accept', acceptedValues(run)),

    claim: async ({ runId, fence }, by): Promise<ClaimedRow | 'limited' | null> => {
      const answer = await thread.call<ClaimAnswer>('claim', [runId, fence, ...claimantValues(by)]);
      return answer === null || answer === 'limited' ? answer : toClaimedRow(answer);
    },

    claimNext: async (line, count, by) => {
      const values = [line.function, line.lane, count, ...claimantValues(by)];
      const { runs, limited } = await thread.call<ClaimNextAnswer>('claimNext', values);
      return { runs: runs.map(toClaimedRow), limited };
    },

    renew: (claims, leaseMs) => thread.call('renew', [leaseMs, ...claims.flatMap(({ runId, fence }) => [runId, fence])]),

    end: (end) => thread.call<EndAnswer>('end', endValues(end)),

    writeSync: (runs) => thread.call<string[]>('writeSync', packSyncRows(runs)),

    appendEvents: async (events) => {
      await thread.call('appendEvents', events.flatMap(eventValues));
    },
  };
}

function acceptedValues(run: AcceptedRow): Value[] {
  const values: Value[] = [];
  for (const column of acceptedColumns) values.push(run[column]);
  const { caps, idempotency } = run;
  const more: AcceptedMore = [
    run.delay_ms,
    run.expires_after_ms,
    run.lease_owner,
    run.lease_ms,
    run.apart_invocation,
    run.apart_payload,
    run.payload_kept_in,
    caps.lane,
    caps.function,
    caps.all,
    idempotency?.scope ?? null,
    idempotency?.key ?? null,
    idempotency?.bodyHash ?? null,
    idempotency?.keepMs ?? null,
  ];
  values.push(...more);
  return values;
}

function claimantValues({ owner, leaseMs, limits }: ClaimBy): Value[] {
  return [owner, leaseMs, limits === null ? null : JSON.stringify(limits)];
}

function endValues(end: EndRow): Value[] {
  return [
    end.id,
    end.fence,
    end.state,
    end.retry_in_ms,
    end.reason,
    end.message,
    end.exit_code,
    end.timings,
    end.result_bytes,
    end.result,
    end.apart_result,
    end.result_kept_in,
  ];
}

function eventValues({ runId, attempt, seq, at, kind, stream, data }: RunEvent): Value[] {
  return [runId, attempt, seq, at, kind, stream, data];
}
