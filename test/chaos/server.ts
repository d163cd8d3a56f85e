// A whole server in a process of its own, for the harness to kill: the app as it is, with a seam around its records.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { buildApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { breakGuard } from './break-guard.js';
import { KillAtStep } from './kill-at-step.js';
import type { FromServer, Measurement, ServerStart, ToServer } from './server-messages.js';

const { logFile, tellStallsMs, armed, brokenGuard } = JSON.parse(process.argv[2]!) as ServerStart;
const config = readConfig(process.env);
// Every line is written at once: what a killed server said last is wanted most.
const log = pino({ level: config.LOG_LEVEL, base: { pid: process.pid } }, pino.destination({ dest: logFile, sync: true }));
const killAtStep = new KillAtStep();
killAtStep.arm(armed);
const loopDelay = monitorEventLoopDelay({ resolution: 10 });
loopDelay.enable();

tellStalls();

process.on('message', (message: ToServer) => {
  if (message.type === 'arm') killAtStep.arm(message.arming);
  else tell({ type: 'measured', ...measure() });
});
// The harness is gone: nothing of it stays.
process.on('disconnect', () => process.exit(1));

const app = await buildApp(config, log, {
  records: (records) => {
    const database = { dataFolder: config.DATA, url: config.DATABASE_URL };
    return killAtStep.watch(brokenGuard === null ? records : breakGuard(records, brokenGuard, database));
  },
});
process.once('SIGTERM', () => {
  log.info('SIGTERM: closing');
  void app.close().then(() => {
    log.info('closed');
    process.exit(0);
  });
});
tell({ type: 'listening', url: await app.listen() });

function tell(message: FromServer): void {
  process.send!(message);
}

/** A server that got no processor time could not renew leases either. */
function tellStalls(): void {
  let last = performance.now();
  setInterval(() => {
    const ms = performance.now() - last;
    last = performance.now();
    if (ms > tellStallsMs) tell({ type: 'stalled', ms });
  }, 50).unref();
}

function measure(): Measurement {
  const { rss, heapUsed } = process.memoryUsage();
  const measurement = {
    rssBytes: rss,
    heapBytes: heapUsed,
    loopDelayP99Ms: loopDelay.percentile(99) / 1e6,
    loopDelayMaxMs: loopDelay.max / 1e6,
  };
  loopDelay.reset();
  return measurement;
}
