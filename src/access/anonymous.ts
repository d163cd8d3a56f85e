import type { Scope } from '../contract/words.js';
import type { Principal } from '../contract/principal.js';

const allowed: Record<'run' | 'all', readonly Scope[]> = {
  run: ['run', 'read'],
  all: ['push', 'run', 'read', 'serve'],
};

/** Who a caller without a key is under `LANEWAY_ANONYMOUS`; null when such callers are refused. */
export function anonymousPrincipal(setting: 'no' | 'run' | 'all'): Principal | null {
  if (setting === 'no') return null;
  return Object.freeze({
    keyId: null,
    scopes: new Set(allowed[setting]),
    functions: null,
    lanes: null,
    ratePerMinute: null,
    maxConcurrent: null,
  });
}
