import type { Scope } from './words.js';

/** Who asks and what they may do: made once per key, shared by all its requests. */
export interface Principal {
  /** null: a caller without a key, let in by `LANEWAY_ANONYMOUS`. */
  readonly keyId: string | null;
  readonly scopes: ReadonlySet<Scope>;
  /** null: every function. */
  readonly functions: ReadonlySet<string> | null;
  /** null: every lane. */
  readonly lanes: ReadonlySet<string> | null;
  /** null: what the settings say. */
  readonly ratePerMinute: number | null;
  /** null: no limit. */
  readonly maxConcurrent: number | null;
}
