import type { Random } from './random.js';

/** A kind of work, by the name of its function. */
export const kinds = ['echo', 'quick', 'nap', 'chatty', 'stream', 'flaky', 'large'] as const;
export type Kind = (typeof kinds)[number];

/** A run that was asked for. */
export interface Order {
  id: string;
  kind: Kind;
  payload: Payload;
  /** Null: not asked for. */
  delayMs: number | null;
  expiresAfterMs: number | null;
  priority: number | null;
}

interface Payload {
  n: number;
  /** How long a nap is: most are short. */
  ms: number;
  text: string;
}

/** Lines that one chatty attempt writes, and values that one stream writes. */
export const linesOf: Partial<Record<Kind, number>> = { chatty: 30, stream: 10 };

/** Attempts of a flaky function that fail, before one that does not. */
const failures = 2;

const largeBytes = 300_000;

/** Mostly short work, so that hundreds of runs go through while parts die, and some that is under way for long. */
const shares: readonly [Kind, number][] = [
  ['echo', 45],
  ['quick', 20],
  ['nap', 12],
  ['chatty', 7],
  ['stream', 7],
  ['flaky', 8],
  ['large', 1],
];

export function newOrder(random: Random, { n, longestNapMs, only }: { n: number; longestNapMs: number; only?: Kind }): Order {
  const kind = only ?? kindAt(random.between(0, shares.reduce((sum, [, share]) => sum + share, 0) - 1));
  const text = kind === 'large' ? 'x'.repeat(largeBytes) : random.runId();
  const payload = { n, ms: 5 + Math.round(longestNapMs * random.next() ** 5), text };
  const some = (share: number, most: number) => (random.next() < share ? random.between(1, most) : null);
  return {
    id: random.runId(),
    kind,
    payload,
    delayMs: some(0.1, 1500),
    expiresAfterMs: some(0.04, 4000),
    priority: some(0.1, 9),
  };
}

/** One that sleeps for so long, before all others of its line. */
export function newNap(random: Random, { n, ms }: { n: number; ms: number }): Order {
  const payload = { n, ms, text: '' };
  return { id: random.runId(), kind: 'nap', payload, delayMs: null, expiresAfterMs: null, priority: 1000 };
}

/** What a succeeded run of this order must have answered. */
export function resultOf({ kind, payload }: Order): unknown {
  switch (kind) {
    case 'echo':
    case 'quick':
    case 'large':
      return payload;
    case 'nap':
    case 'flaky':
    case 'chatty':
      return payload.n;
    case 'stream':
      return undefined;
  }
}

/** The files of every function. Each attempt writes its begin, its end and signs of life to the execution log. */
export function functionFiles(executionLog: string): Record<Kind, Record<string, string>> {
  const noting = noteSource(executionLog);
  const program = (body: string, manifest: Record<string, unknown> = {}) => ({
    'index.mjs': `${noting}\n${body}`,
    'laneway.json': JSON.stringify({ timeout_ms: 120_000, concurrency: 1, ...manifest }),
  });
  const echo = 'export default async (p, c) => { note(c, "begin"); note(c, "end"); return p; };';
  return {
    echo: program(echo, { concurrency: 2 }),
    quick: program(echo, { isolation: 'thread', concurrency: 2 }),
    large: program(echo),
    nap: program(
      `export default async (p, c) => {
      note(c, 'begin');
      for (const until = Date.now() + p.ms; Date.now() < until; ) { await pause(20); note(c, 'alive'); }
      note(c, 'end');
      return p.n;
    };`,
      { concurrency: 6 },
    ),
    chatty: program(`export default async (p, c) => {
      note(c, 'begin');
      for (let i = 1; i <= ${linesOf.chatty}; i += 1) { c.log.info('line ' + i); if (i % 5 === 0) await pause(2); }
      note(c, 'end');
      return p.n;
    };`),
    stream: program(`export default async function* (p, c) {
      note(c, 'begin');
      for (let i = 1; i <= ${linesOf.stream}; i += 1) { yield { i }; await pause(5); }
      note(c, 'end');
    };`),
    flaky: program(
      `export default async (p, c) => {
      note(c, 'begin');
      if (c.attempt <= ${failures}) { note(c, 'end'); throw new Error('not yet'); }
      note(c, 'end');
      return p.n;
    };`,
      { retries: { attempts: 9, backoff: 'fixed', delay_ms: 50 } },
    ),
  };
}

/** One line a write to a file that is only appended to: lines of many processes do not mix. The clock is the machine's own. */
function noteSource(executionLog: string): string {
  return `import { openSync, writeSync } from 'node:fs';
    const file = openSync(${JSON.stringify(executionLog)}, 'a');
    const note = (c, what) => writeSync(file, [c.runId, c.attempt, what, process.pid, process.hrtime.bigint() / 1000n].join(' ') + '\\n');
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;
}

function kindAt(place: number): Kind {
  let left = place;
  for (const [kind, share] of shares) {
    if (left < share) return kind;
    left -= share;
  }
  throw new Error(`no kind at ${place}`);
}
