import { setTimeout as sleep } from 'node:timers/promises';
import { residentMb, startLaneway } from '../laneway.js';
import { median } from '../percentile.js';
import { judged, type Row } from '../row.js';

const starts = 5;

/** Time to the line that says it listens, and memory of the server when nothing happens; its spare workers apart. */
export async function idleServer(): Promise<Row[]> {
  const ready: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < starts; round += 1) {
    const laneway = await startLaneway({ LANEWAY_SPARE_THREADS: '0' });
    ready.push(laneway.readyMs);
    await sleep(3000);
    memory.push(residentMb(laneway.pid));
    await laneway.stop();
  }
  return [
    judged({ what: 'time to ready', measured: median(ready), unit: 'ms' }, { of: 'measured', atMost: 600 }),
    judged(
      { what: 'idle server, resident, child processes and spare threads apart', measured: median(memory), unit: 'MiB' },
      { of: 'measured', atMost: 130 },
    ),
  ];
}
