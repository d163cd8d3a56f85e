/** Tries of one delivery, over about 39 minutes. */
export const triesAtMost = 16;
const firstDelayMs = 1000;
const maxDelayMs = 300_000;
const maxAskedMs = 600_000;
/** Share of a delay that is left to chance, so that what failed together does not come back together. */
const jitter = 0.2;

/**
 * Milliseconds until the next try after so many: 1 s, doubling, to 5 minutes, a fifth more or less. A receiver may ask
 * for a longer wait, up to 10 minutes. Null when it is given up. `chance` is a number from 0 up to 1.
 */
export function nextTryIn(tries: number, askedMs: number | null, chance: number): number | null {
  if (tries >= triesAtMost) return null;
  const delay = Math.min(firstDelayMs * 2 ** (tries - 1), maxDelayMs);
  const spread = delay * (1 - jitter + 2 * jitter * chance);
  return Math.round(Math.max(spread, Math.min(askedMs ?? 0, maxAskedMs)));
}

/** The milliseconds that a Retry-After header asks for, in either of its forms; null when there is none that can be read. */
export function readRetryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
