import type { AttackBait, Host, Outcome } from './host.js';
import type { Verdicts } from './verdict.js';

/** A hostile function, what it is after, and how the host sees whether it got it. */
export interface Attack {
  /** As its file is called: attacks/<name>.<ending>, or of those that come with `fas doctor --isolation`. */
  name: string;
  file: string;
  group: Group;
  /** What it tries. */
  intent: string;
  manifest?: Record<string, unknown>;
  /** How often it is called, one after the other; it is told which call it is. 1 by default. */
  calls?: number;
  /** Called like this instead of with a payload. */
  call?: (name: string, host: Host) => Promise<void>;
  /** Not beside other attacks, after those that can; or last of all, because the server may not answer any more. */
  place?: 'alone' | 'last';
  /** Looked at after the last call. What only ends soon after is waited for. */
  worked: Witness;
  /** What was seen at once may still end soon, as a process that is being killed does. */
  settles?: true;
  verdicts: Verdicts;
}

export const groups = {
  files: 'Reading and writing files',
  server: "The server's process and others",
  network: 'The network',
  outlive: 'Outliving the run',
  exhaust: 'Using up the machine',
  forge: 'Speaking for others',
  poison: 'Poisoning the next run',
  kernel: 'The kernel',
} as const;
export type Group = keyof typeof groups;

/** What is there to be looked at after an attack. */
export interface Scene {
  host: Host;
  bait: AttackBait;
  /** Of the last call. */
  outcome: Outcome;
  outcomes: readonly Outcome[];
}

export type Witness = (scene: Scene) => boolean | Promise<boolean>;
