import { parseArgs } from 'node:util';

export interface Options {
  cases: string[];
  rounds: number;
  /** A file of earlier results to show the change against. */
  compare: string | null;
  /** Where servers leave a CPU profile when they end. */
  profiles: string | null;
}

/** Reads `[case...] [--rounds N] [--compare FILE] [--cpu-prof FOLDER]`. Throws for what it does not know. */
export function readOptions(args: string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' }, compare: { type: 'string' }, 'cpu-prof': { type: 'string' } },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}; there are ${known.join(', ')}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds wants a number from 1 on, not ${values.rounds}`);
  return {
    cases: positionals.length > 0 ? positionals : [...known],
    rounds,
    compare: values.compare ?? null,
    profiles: values['cpu-prof'] ?? null,
  };
}
