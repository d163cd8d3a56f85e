import { firstCalls } from './cases/first-call.js';
import { freshWorkers } from './cases/fresh-workers.js';
import { idleFollowers } from './cases/followers.js';
import { hostileArchives } from './cases/hostile-archives.js';
import { idleServer } from './cases/idle.js';
import { largePayloads } from './cases/large-payloads.js';
import { manyFunctions } from './cases/many-functions.js';
import { processCalls } from './cases/processes.js';
import { queuedRuns } from './cases/queued-runs.js';
import { syncCalls } from './cases/sync-calls.js';
import type { Line } from './row.js';
import type { Pace } from './turns.js';

/** By the names they are chosen with. */
export const cases: Record<string, (pace: Pace) => Promise<Line[]>> = {
  idle: idleServer,
  sync: syncCalls,
  first: firstCalls,
  fresh: freshWorkers,
  queued: queuedRuns,
  functions: manyFunctions,
  followers: idleFollowers,
  payloads: largePayloads,
  archives: hostileArchives,
  processes: processCalls,
};
