import type { Level } from './host.js';
import type { Machine } from './machine.js';

/** What becomes of an attack at one level, and why. */
export interface Verdict {
  is: 'stopped' | 'not stopped' | 'reaches itself' | 'does not apply';
  because: string;
  /** It is only so where the machine is like this; elsewhere the attack is stopped by the system itself. */
  onlyWhere?: keyof Machine;
}

export type Verdicts = Record<Level, Verdict>;

/** How the conditions are said. */
export const conditions: Record<keyof Machine, string> = {
  root: 'where the server runs as root',
  tracing: 'where processes may trace each other',
  cores: 'where crashes leave core files and the server is root',
  mounts: 'where the server may mount (root)',
  sniffing: 'where the server may open raw sockets (root)',
  kernelLog: "where the server may read the kernel's log (root)",
  devices: 'where the server may make devices (root)',
  priorities: 'where the server may set priorities (root)',
  settings: 'where the server may change settings (root)',
  noGroups: 'where the server may not make control groups',
  looseGroups: 'where the server makes control groups as root',
  network: 'where the machine has a network',
  compiler: 'where there is a C compiler',
};

export function stopped(because: string): Verdict {
  return { is: 'stopped', because };
}

export function notStopped(because: string, onlyWhere?: keyof Machine): Verdict {
  return { is: 'not stopped', because, ...(onlyWhere === undefined ? {} : { onlyWhere }) };
}

/** It works, and all it reaches are runs of the same version in the same worker. */
export function reachesItself(because: string): Verdict {
  return { is: 'reaches itself', because };
}

export function doesNotApply(because: string): Verdict {
  return { is: 'does not apply', because };
}

/** Whether it must succeed on such a machine. */
export function succeedsOn(on: Machine, { is, onlyWhere }: Verdict): boolean {
  return (is === 'not stopped' || is === 'reaches itself') && (onlyWhere === undefined || on[onlyWhere]);
}
