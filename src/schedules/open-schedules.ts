import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { Records } from '../contract/records.js';
import type { Schedules } from '../contract/schedules.js';
import type { FunctionStore } from '../contract/store.js';
import type { Runs } from '../runs/open-runs.js';
import { KeptSchedules } from './keep-schedules.js';
import { LaneWatch } from './lane-watch.js';
import { Ticker } from './ticker.js';

export interface SchedulesParts {
  records: Pick<Records, 'schedules' | 'runs'>;
  runs: Runs;
  store: FunctionStore;
  bus: Bus;
  log: Logger;
  /** Other servers may share these records. */
  shared: boolean;
}

export interface OpenSchedules extends Schedules {
  /** No tick is begun any more; resolves when those under way have their run. */
  close(): Promise<void>;
}

/** Starts what fires: ticks from now on, those missed while no server was there, and what manifests ask for. */
export function openSchedules({ records, runs, store, bus, log, shared }: SchedulesParts): OpenSchedules {
  const common = { schedules: records.schedules, clock: records.runs, log };
  const ticker = new Ticker({ ...common, runs, bus, shared });
  const onChange = () => ticker.tellChange();
  const lanes = new LaneWatch({ ...common, store, onChange });
  const kept = new KeptSchedules({ ...common, runs, onChange, onNameFree: (lane) => lanes.check(lane) });
  ticker.start();
  return Object.assign(kept, {
    async close() {
      await lanes.close();
      await ticker.close();
    },
  });
}
