import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault-plan.js';
import { machineTime, type Outage } from './history.js';
import type { Installation } from './installation.js';
import type { Load } from './load.js';
import type { ServerProcess } from './server-process.js';

/** What came of a fault: `missed` when its step was not reached, and then the server was killed where it was. */
export interface Applied {
  missed: boolean;
  /** While it lasted leases could not be renewed. */
  outage: Outage | null;
  /** A drain that did not end as it should. */
  problem: string | null;
}

const patienceMs = 10_000;
/** Beyond the time that work gets to finish. */
const closingMs = 20_000;
/** Enough that some are under way and not yet over when a server has waited long enough for them. */
const napsToHandBack = { count: 8, ms: 4000 };
const uneventful: Applied = { missed: false, outage: null, problem: null };

/** Lets one thing go wrong and puts it right again; resolves when all processes run. */
export async function applyFault(fault: Fault, installation: Installation, load: Load): Promise<Applied> {
  const server = installation.servers['server' in fault ? fault.server : 0]!;
  switch (fault.kind) {
    case 'kill server':
      await server.kill();
      await startAgain(server, fault.downMs);
      return uneventful;
    case 'kill at step': {
      server.arm({ step: fault.step, passes: fault.passes, delayMs: fault.delayMs });
      const missed = !(await diesByItself(server));
      await startAgain(server, fault.downMs);
      return { ...uneventful, missed };
    }
    case 'kill at start':
      return killAtStart(fault, server);
    case 'kill who takes over': {
      const other = installation.servers[1 - fault.server]!;
      other.arm({ step: 'after recoverLost', passes: 0, delayMs: 0 });
      await server.kill();
      const missed = !(await diesByItself(other));
      await sleep(fault.downMs);
      await Promise.all([server.start(), other.start()]);
      return { ...uneventful, missed };
    }
    case 'drain':
      return drain(fault, server, installation);
    case 'kill in drain': {
      const drained = server.drain();
      await Promise.race([drained, sleep(fault.afterMs)]);
      const missed = server.pid === null;
      await server.kill();
      await startAgain(server, fault.downMs);
      return { ...uneventful, missed };
    }
    case 'kill at step of drain': {
      await load.startNaps(server, napsToHandBack);
      server.arm({ step: fault.step, passes: 0, delayMs: 0 });
      const code = await server.drain();
      await startAgain(server, fault.downMs);
      return { ...uneventful, missed: code !== null };
    }
    case 'kill worker':
      return killWorker(fault, server);
    case 'pause server':
      return pause(fault, server);
    default:
      return applyToParts(fault, installation);
  }
}

async function applyToParts(fault: Exclude<Fault, { server: number }>, { parts, servers }: Installation): Promise<Applied> {
  const { redis, postgres, ftp } = parts!;
  const from = machineTime();
  const outage = (): Applied => ({ ...uneventful, outage: { what: fault.kind, from, until: machineTime() } });
  switch (fault.kind) {
    case 'kill redis':
      await redis.kill();
      await sleep(fault.downMs);
      await redis.restart();
      return uneventful;
    case 'flush redis':
      await redis.flush();
      return uneventful;
    case 'kill ftp':
      await ftp.kill();
      await sleep(fault.downMs);
      await ftp.restart();
      return uneventful;
    case 'crash postgres':
    case 'stop postgres':
      await (fault.kind === 'crash postgres' ? postgres.crash() : postgres.kill());
      await sleep(fault.downMs);
      await postgres.restart();
      return outage();
    case 'kill everything':
      await Promise.all([...servers.map((server) => server.kill()), redis.kill(), postgres.crash(), ftp.kill()]);
      await sleep(fault.downMs);
      await Promise.all([redis.restart(), postgres.restart(), ftp.restart()]);
      await Promise.all(servers.map((server) => server.start()));
      return uneventful;
  }
}

async function killAtStart(fault: Fault & { kind: 'kill at start' }, server: ServerProcess): Promise<Applied> {
  await server.kill();
  const missed = await server.start({ step: fault.step, passes: 0, delayMs: 0 });
  // Where another server took the runs back first, the step comes later, or never.
  await server.kill();
  await startAgain(server, fault.downMs);
  return { ...uneventful, missed };
}

async function drain(fault: Fault & { kind: 'drain' }, server: ServerProcess, { drainMs }: Installation): Promise<Applied> {
  const bound = drainMs + closingMs;
  const code = await Promise.race([server.drain(), sleep(bound, 'late' as const, { ref: false })]);
  const problem = code === 0 ? null : code === 'late' ? `it had not ended ${bound} ms after SIGTERM` : `it ended with ${code}`;
  await server.kill();
  await startAgain(server, fault.downMs);
  return { ...uneventful, problem: problem === null ? null : `${server.name}: ${problem}` };
}

async function killWorker(fault: Fault & { kind: 'kill worker' }, server: ServerProcess): Promise<Applied> {
  const workers = server.workers();
  if (workers.length === 0) return { ...uneventful, missed: true };
  try {
    process.kill(workers[fault.pick % workers.length]!, 'SIGKILL');
    return uneventful;
  } catch {
    return { ...uneventful, missed: true };
  }
}

async function pause(fault: Fault & { kind: 'pause server' }, server: ServerProcess): Promise<Applied> {
  const from = machineTime();
  server.pause();
  await sleep(fault.pausedMs);
  server.goOn();
  // It hears of its lost leases with the next renewal.
  await sleep(500);
  return { ...uneventful, outage: { what: 'pause', from, until: machineTime() } };
}

async function diesByItself(server: ServerProcess): Promise<boolean> {
  const died = await Promise.race([server.untilGone().then(() => true), sleep(patienceMs, false, { ref: false })]);
  if (!died) await server.kill();
  return died;
}

async function startAgain(server: ServerProcess, downMs: number): Promise<void> {
  await sleep(downMs);
  await server.start();
}
