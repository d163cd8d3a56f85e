import type { Line } from '../../../contract/records.js';
import type { RunState } from '../../../contract/words.js';
import { countedColumns } from '../../migrations/run-counts.js';
import type { Value } from '../messages.js';

type Counted = (typeof countedColumns)[number];
type Moves = Record<Counted, number>;

/**
 * conservation: what the statements of every run moved in the transaction under way. It is added to the counts before anything
 * can read them, at the latest before the commit.
 */
export class RunCounter {
  readonly #moved = new Map<string, Line & { moves: Moves }>();

  constructor(private readonly add: (values: Value[]) => void) {}

  /** Runs came into a state, as new ones or from another. */
  moved(line: Line, from: RunState | null, to: RunState, runs = 1): void {
    const moves = this.#movesOf(line);
    if (from === null) moves.accepted += runs;
    else moves[from] -= runs;
    moves[to] += runs;
    if (from !== null && (to === 'failed' || to === 'expired')) moves.dead += runs;
  }

  flush(): void {
    if (this.#moved.size === 0) return;
    for (const { function: name, lane, moves } of this.#moved.values()) {
      this.add([name, lane, ...countedColumns.map((column) => moves[column])]);
    }
    this.#moved.clear();
  }

  /** The transaction was undone. */
  discard(): void {
    this.#moved.clear();
  }

  #movesOf({ function: name, lane }: Line): Moves {
    const key = `${name}/${lane}`;
    let known = this.#moved.get(key);
    if (known === undefined) {
      known = { function: name, lane, moves: Object.fromEntries(countedColumns.map((column) => [column, 0])) as Moves };
      this.#moved.set(key, known);
    }
    return known.moves;
  }
}

/** Takes function, lane and what is to be added to each column. */
export const addMoved = `insert into run_counts (function, lane, slot, ${countedColumns.join(', ')})
  values (?, ?, 0, ${countedColumns.map(() => '?').join(', ')})
  on conflict (function, lane, slot) do update set ${countedColumns.map((column) => `${column} = ${column} + excluded.${column}`).join(', ')}`;
