import type { Worker } from 'node:cluster';
import type { FromMember, MemberMetrics, ToMember } from './messages.js';

interface Place {
  readonly number: number;
  readonly worker: Worker | null;
  readonly listening: boolean;
}
interface Gathering {
  from: Worker;
  ask: number;
  missing: Set<number>;
  others: MemberMetrics[];
  timer: NodeJS.Timeout;
}

/** A member that takes longer to say its numbers is told of as one that does not answer. */
const patienceMs = 2000;

/** Brings the metrics of all members to the one that was asked for them. */
export class MetricsGatherer {
  readonly #under = new Map<number, Gathering>();
  #count = 0;

  constructor(private readonly places: () => readonly Place[]) {}

  gather(asker: Place, ask: number): void {
    const id = (this.#count += 1);
    const others = this.places().filter(({ number }) => number !== asker.number);
    const answering = others.filter(({ listening }) => listening);
    const gathering: Gathering = {
      from: asker.worker!,
      ask,
      missing: new Set(answering.map(({ number }) => number)),
      others: others.filter(({ listening }) => !listening).map(({ number }) => ({ number, text: null })),
      timer: setTimeout(() => this.#finish(id), patienceMs),
    };
    this.#under.set(id, gathering);
    for (const { worker } of answering) send(worker!, { type: 'tell-metrics', ask: id });
    if (answering.length === 0) this.#finish(id);
  }

  take(number: number, { ask, text }: Extract<FromMember, { type: 'metrics' }>): void {
    const gathering = this.#under.get(ask);
    if (!gathering?.missing.delete(number)) return;
    gathering.others.push({ number, text });
    if (gathering.missing.size === 0) this.#finish(ask);
  }

  /** The member of that place has died. */
  lost(number: number): void {
    for (const [id, gathering] of this.#under) {
      if (!gathering.missing.delete(number)) continue;
      gathering.others.push({ number, text: null });
      if (gathering.missing.size === 0) this.#finish(id);
    }
  }

  #finish(id: number): void {
    const { from, ask, missing, others, timer } = this.#under.get(id)!;
    this.#under.delete(id);
    clearTimeout(timer);
    for (const number of missing) others.push({ number, text: null });
    send(from, { type: 'gathered', ask, others });
  }
}

/** One that died in this moment hears nothing. */
function send(worker: Worker, message: ToMember): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
