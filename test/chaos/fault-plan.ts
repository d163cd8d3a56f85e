import type { Mode } from './installation.js';
import type { Step } from './kill-at-step.js';
import type { Random } from './random.js';

/** One thing that goes wrong; `server` is an index. Times in milliseconds. */
export type Fault =
  | { kind: 'kill server'; server: number; downMs: number }
  | { kind: 'kill at step'; server: number; step: Step; passes: number; delayMs: number; downMs: number }
  /** Killed, and killed again at a step of its start. */
  | { kind: 'kill at start'; server: number; step: Step; downMs: number }
  /** Killed, and then the other one while it takes over. */
  | { kind: 'kill who takes over'; server: number; downMs: number }
  | { kind: 'drain'; server: number; downMs: number }
  | { kind: 'kill in drain'; server: number; afterMs: number; downMs: number }
  | { kind: 'kill at step of drain'; server: number; step: Step; downMs: number }
  | { kind: 'kill worker'; server: number; pick: number }
  | { kind: 'pause server'; server: number; pausedMs: number }
  | { kind: 'kill redis' | 'crash postgres' | 'stop postgres' | 'kill ftp'; downMs: number }
  | { kind: 'flush redis' }
  | { kind: 'kill everything'; downMs: number };

export interface PlannedFault {
  /** So many runs are acknowledged before it, since the last one. */
  afterRuns: number;
  fault: Fault;
}

/** What a round is about: deaths of servers and workers, deaths of what they stand on, or both. */
export type About = 'servers' | 'parts' | 'all';

export interface RoundOptions {
  mode: Mode;
  leaseMs: number;
  about: About;
}

/** Every kind of fault once, in a random order, with random times. A long plan is many of these. */
export function planRound(random: Random, options: RoundOptions): PlannedFault[] {
  const faults = random.shuffle(faultsOf(random, options));
  return faults.map((fault) => ({ afterRuns: random.between(10, 60), fault }));
}

function faultsOf(random: Random, { mode, leaseMs, about }: RoundOptions): Fault[] {
  const server = () => (mode === 'embedded' ? 0 : random.between(0, 1));
  const downMs = () => random.between(0, 400);
  const kill = (step: Step, mostPasses: number, delayMs = 0): Fault => ({
    kind: 'kill at step',
    server: server(),
    step,
    passes: random.between(0, mostPasses),
    delayMs,
    downMs: downMs(),
  });
  const everywhere: Fault[] = [
    { kind: 'kill server', server: server(), downMs: downMs() },
    kill('before accept', 20),
    kill('after accept', 20),
    kill('before claim', 20),
    kill('after claim', 20),
    kill('after claim', 20, random.between(5, 200)),
    kill('before end', 20),
    kill('after end', 20),
    kill('after renew', 1),
    kill('after release', 2),
    { kind: 'drain', server: server(), downMs: downMs() },
    { kind: 'kill in drain', server: server(), afterMs: random.between(0, 1200), downMs: downMs() },
    { kind: 'kill at step of drain', server: server(), step: 'before handBack', downMs: downMs() },
    { kind: 'kill at step of drain', server: server(), step: 'after handBack', downMs: downMs() },
    { kind: 'kill worker', server: server(), pick: random.between(0, 100) },
    { kind: 'kill worker', server: server(), pick: random.between(0, 100) },
    { kind: 'pause server', server: server(), pausedMs: random.between(leaseMs, leaseMs * 2) },
  ];
  const alone: Fault[] = [{ kind: 'kill at start', server: 0, step: 'after recoverLost', downMs: downMs() }];
  const together: Fault[] = [{ kind: 'kill who takes over', server: server(), downMs: downMs() }];
  const parts: Fault[] = [
    { kind: 'kill redis', downMs: random.between(0, 1500) },
    { kind: 'flush redis' },
    { kind: 'crash postgres', downMs: random.between(0, 1500) },
    { kind: 'stop postgres', downMs: random.between(0, 1500) },
    { kind: 'kill ftp', downMs: random.between(0, 1500) },
    { kind: 'kill everything', downMs: downMs() },
  ];
  const ofServers = [...everywhere, ...(mode === 'embedded' ? alone : together)];
  const ofParts = mode === 'embedded' ? [] : parts;
  return about === 'servers' ? ofServers : about === 'parts' ? ofParts : [...ofServers, ...ofParts];
}

/** As it is counted and printed. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill at step':
      return `kill ${fault.delayMs === 0 ? fault.step : 'during execution'}`;
    case 'kill at start':
      return `kill at start, ${fault.step}`;
    case 'kill at step of drain':
      return `kill in drain, ${fault.step}`;
    default:
      return fault.kind;
  }
}
