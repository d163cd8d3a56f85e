import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyFault } from './apply-fault.js';
import type { Guard } from './break-guard.js';
import { checkHistory, checkOverlaps, type Violation } from './check-history.js';
import { ask, countOpen, push } from './client.js';
import { livingWorkers, readExecutions } from './executions.js';
import { type About, nameOf, planRound, type Fault, type PlannedFault } from './fault-plan.js';
import { functionFiles } from './functions.js';
import { type History, machineTime, type Outage } from './history.js';
import { type Installation, type Mode, openInstallation } from './installation.js';
import { Load, type LoadOptions } from './load.js';
import { Random } from './random.js';

export interface ChaosOptions {
  mode: Mode;
  seed: number;
  about: About;
  /** Rounds of faults: until the minutes are over, but at least one. */
  minutes: number;
  /** No fault is begun after so many milliseconds: a slow machine does fewer of the round. */
  atMostMs: number;
  /** In place of rounds: these, once. */
  faults?: readonly PlannedFault[];
  /** In place of faults: what is done while the load goes on. */
  during?: (installation: Installation) => Promise<void>;
  leaseMs: number;
  load: LoadOptions;
  brokenGuard?: Guard | 'counting';
  /** How long nothing may end before what is open is given up. */
  patienceMs: number;
  say: (line: string) => void;
}

export interface ChaosReport {
  options: ChaosOptions;
  violations: Violation[];
  history: History;
  /** By name: how often it was done, and how often its step was not reached. */
  faults: Map<string, { done: number; missed: number }>;
  /** Faults of the round for which there was no time. */
  leftOut: string[];
  starts: number;
  asked: number;
  /** By status. */
  refused: ReadonlyMap<number, number>;
  unanswered: number;
  mostOpen: number;
  explainedOverlaps: number;
  /** Where all of it lies; null when nothing was found and it is gone. */
  folder: string | null;
}

/** One whole run: a load, faults after a seeded plan, and in the end the check of everything that is known of it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-chaos-'));
  const chaos = new Chaos(options, folder);
  try {
    const report = await chaos.run();
    if (report.violations.length > 0) return report;
    await rm(folder, { recursive: true, force: true });
    return { ...report, folder: null };
  } finally {
    await chaos.stop();
  }
}

/** How long runs are waited for before the next fault comes all the same. */
const quietMs = 10_000;

async function untilAcknowledged(load: Load, runs: number): Promise<void> {
  const enough = load.acknowledged.size + runs;
  const giveUpAt = Date.now() + quietMs;
  while (load.acknowledged.size < enough && Date.now() < giveUpAt) await sleep(20);
}

class Chaos {
  readonly #violations: Violation[] = [];
  readonly #outages: Outage[] = [];
  readonly #faults: ChaosReport['faults'] = new Map();
  readonly #executionLog: string;
  #installation: Installation | null = null;
  readonly #leftOut: string[] = [];
  #starts = 0;

  constructor(
    private readonly options: ChaosOptions,
    private readonly folder: string,
  ) {
    this.#executionLog = join(folder, 'executions');
  }

  async run(): Promise<ChaosReport> {
    const { options } = this;
    const installation = await this.#open();
    // Two streams of numbers: what is planned must not depend on how much was started.
    const load = new Load(installation, new Random(options.seed), options.load);
    try {
      await this.#faultAfterFault(load, installation);
    } finally {
      await load.stop();
    }
    await this.#untilAllEnded(installation);
    const largeResults = await this.#largeResults(load, installation);
    await this.#close(installation);

    const read = await installation.database.read();
    const history: History = {
      orders: load.orders,
      acknowledged: load.acknowledged,
      cancelAsked: load.cancelAsked,
      cancelTold: load.cancelTold,
      ...read,
      results: new Map([...read.results, ...largeResults]),
      executions: readExecutions(this.#executionLog),
      workersKilled: this.#faults.get('kill worker')?.done ?? 0,
      outages: this.#outages,
      leaseMs: options.leaseMs,
    };
    for (const pid of livingWorkers(history.executions, this.folder)) this.#found('worker left behind', `pid ${pid}`);
    const violations = [...this.#violations, ...checkHistory(history)];
    await writeFile(join(this.folder, 'violations'), violations.map((found) => `${JSON.stringify(found)}\n`).join(''));
    return {
      options,
      violations,
      history,
      faults: this.#faults,
      leftOut: this.#leftOut,
      starts: this.#starts,
      asked: load.asked,
      refused: load.refused,
      unanswered: load.unanswered,
      mostOpen: load.mostOpen,
      explainedOverlaps: checkOverlaps(history).filter(({ isExplained }) => isExplained).length,
      folder: this.folder,
    };
  }

  async stop(): Promise<void> {
    await this.#installation?.stop();
  }

  async #open(): Promise<Installation> {
    const { mode, leaseMs, brokenGuard } = this.options;
    const installation = await openInstallation({
      mode,
      leaseMs,
      folder: this.folder,
      onCrash: (problem) => this.#found('server crashed', problem),
      onStalled: (ms) => this.#outages.push({ what: 'stall', from: machineTime() - ms * 1000, until: machineTime() }),
      ...(brokenGuard === undefined || brokenGuard === 'counting' ? {} : { brokenGuard }),
    });
    this.#installation = installation;
    await writeFile(this.#executionLog, '');
    // Once for the tables; the harness then notes what happens in them while no server is there.
    await installation.servers[0]!.start();
    await installation.servers[0]!.drain();
    await installation.database.noteMoves();
    if (brokenGuard === 'counting') await installation.database.breakCounting();
    await Promise.all(installation.servers.map((server) => server.start()));
    for (const [name, files] of Object.entries(functionFiles(this.#executionLog))) {
      await push(installation.servers[0]!, name, files);
    }
    return installation;
  }

  async #faultAfterFault(load: Load, installation: Installation): Promise<void> {
    const { minutes, faults, during, seed, atMostMs } = this.options;
    if (during !== undefined) return during(installation);
    const random = new Random(seed ^ 0x5eed);
    const begun = Date.now();
    const applyAll = async (round: readonly PlannedFault[]) => {
      for (const { afterRuns, fault } of round) {
        if (Date.now() - begun > atMostMs) {
          this.#leftOut.push(nameOf(fault));
          continue;
        }
        await untilAcknowledged(load, afterRuns);
        await this.#apply(fault, installation, load);
      }
    };
    await applyAll(faults ?? planRound(random, this.options));
    while (Date.now() - begun < minutes * 60_000) await applyAll(planRound(random, this.options));
  }

  async #apply(fault: Fault, installation: Installation, load: Load): Promise<void> {
    const { say } = this.options;
    const { missed, outage, problem } = await applyFault(fault, installation, load);
    const name = nameOf(fault);
    const counts = this.#faults.get(name) ?? { done: 0, missed: 0 };
    this.#faults.set(name, missed ? { ...counts, missed: counts.missed + 1 } : { ...counts, done: counts.done + 1 });
    if (outage !== null) this.#outages.push(outage);
    if (problem !== null) this.#found('unclean drain', problem);
    say(`${name}${missed ? ' (its step was not reached)' : ''}`);
  }

  /** While anything still ends there is hope; what hangs is left to the checker to find. */
  async #untilAllEnded({ servers }: Installation): Promise<void> {
    let least = Infinity;
    let giveUpAt = Date.now() + this.options.patienceMs;
    while (Date.now() < giveUpAt) {
      const open = await countOpen(servers[0]!);
      if (open === 0) return;
      if (open !== null && open < least) {
        least = open;
        giveUpAt = Date.now() + this.options.patienceMs;
      }
      await sleep(100);
    }
    this.options.say(`given up: ${least} runs are open and nothing ends any more`);
  }

  /** Results that are kept outside the tables. */
  async #largeResults(load: Load, { servers }: Installation): Promise<[string, string][]> {
    const results: [string, string][] = [];
    for (const { id } of [...load.orders.values()].filter(({ kind }) => kind === 'large')) {
      const answer = await ask(servers[0]!, 'GET', `/api/v1/runs/${id}/result`);
      if (answer?.status === 200) results.push([id, answer.text]);
    }
    return results;
  }

  async #close({ servers }: Installation): Promise<void> {
    for (const server of servers) {
      const code = await server.drain();
      if (code !== 0) this.#found('unclean drain', `${server.name}: it ended with ${code}`);
    }
    this.#starts = servers.reduce((sum, { starts }) => sum + starts, 0);
  }

  #found(name: Violation['name'], problem: string): void {
    this.#violations.push({ name, runId: null, problem });
  }
}
