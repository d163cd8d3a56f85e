import type { Level } from './host.js';
import { machine } from './machine.js';

/** What becomes of an attack at one level, and why. */
export interface Verdict {
  is: 'stopped' | 'not stopped' | 'reaches itself' | 'does not apply';
  because: string;
  /** It is only so where the machine is like this; elsewhere the attack is stopped by the system itself. */
  onlyWhere?: keyof typeof machine;
}

export type Verdicts = Record<Level, Verdict>;

/** How the conditions are said. */
export const conditions: Record<keyof typeof machine, string> = {
  root: 'where the server runs as root',
  tracing: 'where processes may trace each other',
  cores: 'where crashes leave core files',
  network: 'where the machine has a network',
  compiler: 'where there is a C compiler',
};

export function stopped(because: string): Verdict {
  return { is: 'stopped', because };
}

export function notStopped(because: string, onlyWhere?: keyof typeof machine): Verdict {
  return { is: 'not stopped', because, ...(onlyWhere === undefined ? {} : { onlyWhere }) };
}

/** It works, and all it reaches are runs of the same version in the same worker. */
export function reachesItself(because: string): Verdict {
  return { is: 'reaches itself', because };
}

export function doesNotApply(because: string): Verdict {
  return { is: 'does not apply', because };
}

/** Whether it must succeed on this machine. */
export function succeedsHere({ is, onlyWhere }: Verdict): boolean {
  return (is === 'not stopped' || is === 'reaches itself') && (onlyWhere === undefined || machine[onlyWhere]);
}
