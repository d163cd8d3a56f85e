import type { Attack } from './attack.js';
import { exhaustAttacks } from './table/exhaust.js';
import { fileAttacks } from './table/files.js';
import { forgeAttacks } from './table/forge.js';
import { kernelAttacks } from './table/kernel.js';
import { networkAttacks } from './table/network.js';
import { outliveAttacks } from './table/outlive.js';
import { poisonAttacks } from './table/poison.js';
import { serverAttacks } from './table/server.js';
import { machine } from './machine.js';

/** What each level of isolation stops, and what it does not: held against reality in both directions by the tests. */
export const table: readonly Attack[] = [
  ...fileAttacks,
  ...serverAttacks,
  ...networkAttacks,
  ...outliveAttacks,
  ...exhaustAttacks,
  ...forgeAttacks,
  ...poisonAttacks,
  ...kernelAttacks,
];

/** Those that can be tried on this machine. */
export const attacks = table.filter(({ file }) => !file.endsWith('.c') || machine.compiler);
