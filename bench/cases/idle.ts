import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { residentMb, startLaneway } from '../laneway.js';
import { median } from '../percentile.js';
import { judged, type Row } from '../row.js';

const starts = 5;

/** Time to the line that says it listens, and memory when nothing happens: of the server alone, and with all it starts. */
export async function idleServer(): Promise<Row[]> {
  const ready: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round < starts; round += 1) {
    const laneway = await startLaneway({ LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' });
    ready.push(laneway.readyMs);
    alone.push(await idleMb(laneway.pid));
    await laneway.stop();
  }
  const asStarted = await startLaneway();
  const together = await idleMb(asStarted.pid);
  await asStarted.stop();
  return [
    judged({ what: 'time to ready', measured: median(ready), unit: 'ms' }, { of: 'measured', atMost: 600 }),
    judged(
      { what: 'idle server, resident, without spare workers', measured: median(alone), unit: 'MiB' },
      { of: 'measured', atMost: 130 },
    ),
    { what: 'idle server, resident, with its spare threads and child processes', measured: together, unit: 'MiB' },
  ];
}

async function idleMb(pid: number): Promise<number> {
  await sleep(3000);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }));
  const children = stdout
    .split('\n')
    .map(Number)
    .filter((child) => child > 0);
  return [pid, ...children].reduce((sum, process) => sum + residentMb(process), 0);
}
