import type { Scope } from './words.js';

/** Who asks, and what that caller may do. */
export interface Principal {
  /** null: a caller without a key, let in by `LANEWAY_ANONYMOUS`. */
  keyId: string | null;
  scopes: ReadonlySet<Scope>;
  /** null: all. */
  functions: readonly string[] | null;
  lanes: readonly string[] | null;
}
