import { setTimeout as sleep } from 'node:timers/promises';
import { startLaneway } from '../laneway.js';
import { startPeer } from '../peers/start-peer.js';
import { residentMb, residentTreeMb } from '../resident.js';
import { beside, judged, roundsRow, type Row } from '../row.js';
import { inTurns, type Pace } from '../turns.js';

const untilQuietMs = 3000;

interface Started {
  readyMs: number;
  idleMb: number;
}

/** Time to the line that says it listens, and memory when nothing happens: of the server alone, and with all it starts. */
export async function idleServer({ rounds }: Pace): Promise<Row[]> {
  const results = await inTurns(rounds, { bare: startBare, alone: startAlone });
  const asStarted = await startLaneway();
  await sleep(untilQuietMs);
  const together = residentTreeMb(asStarted.pid);
  await asStarted.stop();
  const figures = (name: keyof typeof results, figure: keyof Started) => results[name].map((started) => started[figure]);
  const row = (what: string, unit: Row['unit'], figure: keyof Started) =>
    beside(roundsRow(what, unit, figures('alone', figure)), 'bare fastify', {
      own: figures('alone', figure),
      other: figures('bare', figure),
    });
  return [
    roundsRow('bare fastify, time to ready', 'ms', figures('bare', 'readyMs')),
    judged(row('time to ready', 'ms', 'readyMs'), { of: 'measured', atMost: 600 }),
    roundsRow('bare fastify, idle, resident', 'MiB', figures('bare', 'idleMb')),
    judged(row('idle server, resident, without spare workers', 'MiB', 'idleMb'), { of: 'measured', atMost: 130 }),
    { what: 'idle server, resident, with its spare threads and child processes', measured: together, unit: 'MiB' },
  ];
}

async function startAlone(): Promise<Started> {
  const laneway = await startLaneway({ LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' });
  return quietThenStopped(laneway);
}

async function startBare(): Promise<Started> {
  return quietThenStopped(await startPeer('./bare-fastify.js', 'alone'));
}

async function quietThenStopped(server: { pid: number; readyMs: number; stop(): Promise<void> }): Promise<Started> {
  await sleep(untilQuietMs);
  const idleMb = residentMb(server.pid);
  await server.stop();
  return { readyMs: server.readyMs, idleMb };
}
