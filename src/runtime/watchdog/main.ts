import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { endWorkersOf, isOurGroup } from '../leftovers.js';
import { killGroup } from '../process-group.js';
import { killStrays } from '../strays.js';
import { type FromWatchdog, type Group, monotonicMs, type ToWatchdog } from './messages.js';

/**
 * The watchdog of one server: a process without user code that goes on when the server is stopped or hangs.
 *
 * no-second-live-attempt: when the time that the leases hold has passed without a later one, the groups that carry queued
 * runs are killed, before another server may take these runs over. Then it waits for the next word.
 * What left the group of a worker that ended is looked for here too: that takes a look at every process of the machine.
 * When the server is gone, which closes the pipe, all it has started is killed at once, and this ends.
 */
const [folder, server] = process.argv.slice(2) as [string, string];
let groups: readonly Group[] = [];
let untilMs: number | null = null;
let timer: NodeJS.Timeout | undefined;
const ended = new Set<string>();
const strayDelayMs = 300;

// Those who end a server often signal all its processes; this one ends after it, whatever they say.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => hear(JSON.parse(line) as ToWatchdog));
lines.on('close', () => {
  endWorkersOf(folder, server);
  process.exit();
});

function hear(message: ToWatchdog): void {
  switch (message.type) {
    case 'carry':
      groups = [...groups, ...message.groups];
      return;
    case 'groups':
      groups = message.groups;
      return;
    case 'until':
      untilMs = message.untilMs;
      return arm();
    case 'ended':
      if (ended.size === 0) setTimeout(killStraysOfEnded, strayDelayMs);
      for (const name of message.scratch) ended.add(name);
  }
}

function arm(): void {
  clearTimeout(timer);
  // A look into the pipe comes first: if it was this process that stood still, a later time lies there.
  if (untilMs !== null) timer = setTimeout(() => setImmediate(judge), untilMs - monotonicMs());
}

function judge(): void {
  if (untilMs === null || monotonicMs() < untilMs) return arm();
  untilMs = null;
  const ours = groups.filter(([pid, startTime]) => isOurGroup(pid, startTime));
  groups = [];
  if (ours.length === 0) return;
  tellServer({ killing: ours.map(([pid]) => pid) });
  for (const [pid] of ours) killGroup(pid);
}

function killStraysOfEnded(): void {
  killStrays(folder, (name) => ended.has(name));
  ended.clear();
}

function tellServer(message: FromWatchdog): void {
  try {
    writeSync(1, `${JSON.stringify(message)}\n`);
  } catch {
    // It reads no more: the runs end as their processes do.
  }
}
