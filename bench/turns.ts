/** How long a benchmark measures: more rounds, calmer figures. */
export interface Pace {
  rounds: number;
}

/** Every measurement once in each round, one after the other, so that a noisy moment hits all of them and not one. */
export async function inTurns<Name extends string, Result>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  const results = Object.fromEntries(Object.keys(measurements).map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(measurements) as Name[]) results[name].push(await measurements[name]());
  }
  return results;
}
