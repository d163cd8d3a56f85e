import type { RunEvent } from '../../contract/records.js';
import type { EndRow, HotOperations } from '../backend.js';
import { acceptedColumns, runColumns, syncColumns, type SyncRow } from '../run-row.js';
import type { RunRow } from '../tables.js';
import type { ClaimAnswer, EndAnswer, Value } from './messages.js';
import type { RecordsThread } from './records-thread.js';

/** The hot operations as calls of the records thread, which commits those that wait together. */
export function sqliteHotOperations(thread: RecordsThread): HotOperations {
  return {
    accept: (run) =>
      thread.call<boolean>('accept', [
        ...acceptedColumns.map((column) => run[column]),
        run.delay_ms,
        run.invocation,
        run.payload,
        run.payload_kept_in,
      ]),

    claim: async ({ runId, fence }, owner, leaseMs) => {
      const values = await thread.call<ClaimAnswer>('claim', [runId, fence, owner, leaseMs]);
      if (values === null) return null;
      const [invocation, text, reference] = values.slice(runColumns.length) as (string | null)[];
      return { run: toRunRow(values), invocation: invocation!, payload: { text: text!, reference: reference! } };
    },

    renew: (claims, leaseMs) => thread.call('renew', [leaseMs, ...claims.flatMap(({ runId, fence }) => [runId, fence])]),

    end: (end) => thread.call<EndAnswer>('end', endValues(end)),

    writeSync: (runs) => {
      const values: Value[] = [];
      for (const run of runs) pushSyncValues(run, values);
      return thread.call<string[]>('writeSync', values);
    },

    appendEvents: async (events) => {
      await thread.call('appendEvents', events.flatMap(eventValues));
    },
  };
}

function toRunRow(values: readonly Value[]): RunRow {
  return Object.fromEntries(runColumns.map((column, index) => [column, values[index]])) as unknown as RunRow;
}

function endValues(end: EndRow): Value[] {
  return [
    end.id,
    end.fence,
    end.state,
    end.reason,
    end.message,
    end.exit_code,
    end.timings,
    end.result_bytes,
    end.result,
    end.result_kept_in,
  ];
}

function pushSyncValues(run: SyncRow, values: Value[]): void {
  for (const column of syncColumns) values.push(run[column]);
  values.push(run.payload, run.payload_kept_in, run.result, run.result_kept_in);
}

function eventValues({ runId, attempt, seq, at, kind, stream, data }: RunEvent): Value[] {
  return [runId, attempt, seq, at, kind, stream, data];
}
