import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { closeInherited } from '../close-inherited.js';
import { handleEndSignals } from '../end-signals.js';
import { enterServerLeaf } from '../runtime/limits/server-leaf.js';
import { MetricsGatherer } from './gather-metrics.js';
import { HandedConnections } from './handed-connections.js';
import type { FromMember, Listening } from './messages.js';
import { PauseBeforeStart } from './pause-before-start.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The parent of `fas serve --processes N`: holds the port, hands connections out in turn, and keeps N servers alive. It reads
 * no settings and loads nothing of a server: the first member does, and says what the parent must know.
 * Resolves while they go on; ends the process itself.
 */
export function serveProcesses(environment: Environment): void {
  new Parent(environment).start();
}

/** How much longer than LANEWAY_DRAIN the members get to close; one that hangs is killed then. */
const closingMs = 15_000;

/** A place that a member has, and after its death the next one. */
interface Place {
  readonly number: number;
  readonly pause: PauseBeforeStart;
  worker: Worker | null;
  listening: boolean;
  waiting: NodeJS.Timeout | null;
}

/**
 * At first the member of place 1 starts alone: it makes what is made once (schema, first key) and says what is wrong with the
 * settings; if it dies before it listens the parent ends with its exit code. When it listens, the others are started.
 * A member that dies from then on is started again after a pause that grows while it keeps dying at its start; when one
 * dies at its start and no other is left alive, the parent ends with its code.
 * The first signal ends all members, together, by SIGTERM, and the parent when all are gone; a second one kills them.
 */
class Parent {
  readonly #environment: Record<string, string>;
  readonly #places: Place[] = [];
  readonly #metrics = new MetricsGatherer(() => this.#listening());
  #facts: Listening | null = null;
  #ending = false;
  #code = 0;

  constructor(environment: Environment) {
    this.#environment = { LANEWAY_SERVER_PROCESSES: environment['LANEWAY_SERVER_PROCESSES'] ?? '' };
  }

  start(): void {
    closeInherited();
    enterServerLeaf();
    // In turn, whatever the environment says: a process that accepts by itself takes what others have room for.
    cluster.schedulingPolicy = cluster.SCHED_RR;
    let signals = 0;
    handleEndSignals(() => {
      signals += 1;
      if (signals > 1) this.#kill();
      else this.#end();
    });
    this.#add(1);
  }

  #add(number: number): void {
    const place: Place = { number, pause: new PauseBeforeStart(), worker: null, listening: false, waiting: null };
    this.#places.push(place);
    this.#fork(place);
  }

  #fork(place: Place): void {
    // With nobody left the port was let go: a free one that was chosen once stays the one.
    if (this.#facts !== null && this.#living() === 0) this.#environment['LANEWAY_PORT'] = String(this.#facts.port);
    const exec = fileURLToPath(new URL('member.js', import.meta.url));
    cluster.setupPrimary({ exec, args: [String(place.number), String(process.pid)] });
    const worker = cluster.fork(this.#environment);
    Object.assign(place, { worker, listening: false, waiting: null });
    worker.on('message', (message: FromMember) => this.#hear(place, message));
    worker.on('error', () => {});
    const handed = new HandedConnections(worker.process);
    worker.on('exit', (code, signal) => {
      handed.close();
      this.#onExit(place, code, signal);
    });
  }

  #hear(place: Place, message: FromMember): void {
    if (message.type === 'listening') this.#onListening(place, message);
    else if (message.type === 'gather') this.#metrics.gather(place, message.ask);
    else this.#metrics.take(place.number, message);
  }

  #onListening(place: Place, facts: Listening): void {
    place.listening = true;
    place.pause.began();
    if (this.#facts !== null) return;
    this.#facts = facts;
    console.log(`laneway listening on ${facts.url} with ${facts.count} processes`);
    console.log(`isolation of functions: ${facts.isolation}`);
    if (facts.firstSteps !== null) console.log(facts.firstSteps);
    if (this.#ending) return;
    for (let number = 2; number <= facts.count; number += 1) this.#add(number);
  }

  #onExit(place: Place, code: number | null, signal: string | null): void {
    const wasListening = place.listening;
    Object.assign(place, { worker: null, listening: false });
    this.#metrics.lost(place.number);
    if (this.#ending) {
      // One that has not begun to listen to signals is ended by them.
      if (signal !== 'SIGTERM') this.#code ||= code ?? 1;
      if (this.#living() === 0) process.exit(this.#code);
    } else if (!wasListening && this.#living() === 0) {
      process.exit(code || 1);
    } else {
      const pauseMs = place.pause.next();
      tell(`process ${place.number} ended with ${signal ?? `code ${code}`}; it is started again in ${pauseMs} ms`);
      place.waiting = setTimeout(() => this.#fork(place), pauseMs);
    }
  }

  /** clean-drain: all at the same time, so that the bound of one is the bound of all. */
  #end(): void {
    this.#ending = true;
    for (const { waiting } of this.#places) if (waiting !== null) clearTimeout(waiting);
    this.#signalAll('SIGTERM');
    if (this.#living() === 0) process.exit(0);
    if (this.#facts !== null) setTimeout(() => this.#signalAll('SIGKILL'), this.#facts.drainMs + closingMs);
  }

  #kill(): void {
    this.#code = 130;
    this.#signalAll('SIGKILL');
  }

  #signalAll(signal: NodeJS.Signals): void {
    for (const { worker } of this.#places) worker?.process.kill(signal);
  }

  #living(): number {
    return this.#places.filter(({ worker }) => worker !== null).length;
  }

  #listening(): readonly Place[] {
    return this.#places;
  }
}

/** In the shape of the members' own log lines. */
function tell(msg: string): void {
  process.stderr.write(`${JSON.stringify({ level: 40, time: Date.now(), process: 0, msg })}\n`);
}
