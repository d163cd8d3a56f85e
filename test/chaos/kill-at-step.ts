import type { Records, RunRecords } from '../../src/contract/records.js';

/** `before` and `after` what the server asks of the run records, by the name of the operation: `after claim`. */
export type Step = `${'before' | 'after'} ${Exclude<keyof RunRecords, 'claimNext'>}`;

export interface Arming {
  step: Step;
  /** How often the step is let pass. */
  passes: number;
  /** From the step to the death, in milliseconds: what follows the step is then under way. */
  delayMs: number;
}

/** Ends its own process as kill -9 does, when a step that was armed is reached. */
export class KillAtStep {
  #armed: (Arming & { left: number }) | null = null;

  arm(arming: Arming | null): void {
    this.#armed = arming === null ? null : { ...arming, left: arming.passes };
  }

  /** The records with every operation on runs watched. */
  watch(records: Records): Records {
    const runs = new Proxy(records.runs, {
      get: (target, name) => this.#watched(target, name as keyof RunRecords),
    });
    return { ...records, runs };
  }

  #watched(runs: RunRecords, name: keyof RunRecords): unknown {
    const operation = runs[name] as (...given: unknown[]) => Promise<unknown>;
    // One run or several of a line: a claim is a claim.
    const step = name === 'claimNext' ? 'claim' : name;
    return async (...given: unknown[]) => {
      this.#reached(`before ${step}`);
      const answer = await operation.apply(runs, given);
      if (didSomething(answer)) this.#reached(`after ${step}`);
      return answer;
    };
  }

  #reached(step: Step): void {
    if (this.#armed?.step !== step) return;
    this.#armed.left -= 1;
    if (this.#armed.left >= 0) return;
    const { delayMs } = this.#armed;
    this.#armed = null;
    if (delayMs === 0) die();
    else setTimeout(die, delayMs);
  }
}

/** A claim that got nothing, or a sweep that found nothing, is no step. */
function didSomething(answer: unknown): boolean {
  if (answer === null || answer === false || answer === 'limited') return false;
  if (Array.isArray(answer)) return answer.length > 0;
  if (typeof answer !== 'object') return true;
  const lists = Object.values(answer).filter((value) => Array.isArray(value));
  return lists.length === 0 || lists.some((list) => list.length > 0);
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
