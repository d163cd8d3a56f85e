/** One setting: how its text is read, and what the documents say of it. */
export interface Setting<Value> {
  /** What is allowed, as a half sentence: "a whole number from 0 to 65535". */
  rule: string;
  about: string;
  group: 'server' | 'access' | 'parts' | 'runtime' | 'limits' | 'retention';
  /** As a user would write it; null when absent means "off". */
  fallback: string | null;
  secret: boolean;
  /** undefined when the text breaks the rule. */
  read: (text: string) => Value | undefined;
}
type Facts = Pick<Setting<unknown>, 'about' | 'group'>;

export function text(facts: Facts & { fallback: string; rule: string; pattern: RegExp }): Setting<string> {
  return { secret: false, ...facts, read: (value) => (facts.pattern.test(value) ? value : undefined) };
}

export function optionalText(facts: Facts & { rule: string; pattern: RegExp; secret?: boolean }): Setting<string | null> {
  return { secret: false, ...facts, fallback: null, read: (value) => (facts.pattern.test(value) ? value : undefined) };
}

/** Text that is used as an AES key as it is, so that its length in bytes decides. */
export function aesKey(facts: Facts & { secret: boolean; rule: string; pattern: RegExp }): Setting<string | null> {
  const { read, ...setting } = optionalText(facts);
  return { ...setting, read: (value) => ([16, 24, 32].includes(Buffer.byteLength(value)) ? read(value) : undefined) };
}

export function choice<const Words extends readonly string[]>(
  facts: Facts & { words: Words; fallback: Words[number] },
): Setting<Words[number]> {
  const { words, ...rest } = facts;
  return { secret: false, ...rest, rule: `one of ${words.join(', ')}`, read: (value) => words.find((word) => word === value) };
}

export function optionalChoice<const Words extends readonly string[]>(
  facts: Facts & { words: Words },
): Setting<Words[number] | null> {
  const { words, ...rest } = facts;
  return {
    secret: false,
    ...rest,
    fallback: null,
    rule: `one of ${words.join(', ')}`,
    read: (value) => words.find((word) => word === value),
  };
}

export function integer(facts: Facts & { fallback: number; min: number; max: number }): Setting<number> {
  const { min, max, fallback, ...rest } = facts;
  return {
    secret: false,
    ...rest,
    fallback: String(fallback),
    rule: `a whole number from ${min} to ${max}`,
    read: (value) => within(/^[0-9]{1,15}$/.test(value) ? Number(value) : NaN, min, max),
  };
}

const byteUnits: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes: a whole number, alone or with KiB, MiB or GiB. */
export function bytes(facts: Facts & { fallback: string; min: number; max: number }): Setting<number> {
  const { min, max, ...rest } = facts;
  return {
    secret: false,
    ...rest,
    rule: `bytes from ${showBytes(min)} to ${showBytes(max)}, alone or with KiB, MiB or GiB`,
    read: (value) => within(readUnits(value, byteUnits), min, max),
  };
}

/** In the largest unit that leaves a whole number. */
function showBytes(value: number): string {
  const [unit, size] = Object.entries(byteUnits).findLast(([, size]) => value % size === 0)!;
  return `${value / size}${unit}`;
}

const timeUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds: a whole number with ms, s, m, h or d. */
export function duration(facts: Facts & { fallback: string; min: string; max: string }): Setting<number> {
  const { min, max, ...rest } = facts;
  return {
    secret: false,
    ...rest,
    rule: `a time from ${min} to ${max}, a whole number with ms, s, m, h or d`,
    read: (value) => within(readUnits(value, timeUnits), readUnits(min, timeUnits), readUnits(max, timeUnits)),
  };
}

function readUnits(value: string, units: Record<string, number>): number {
  const match = /^([0-9]{1,15})([A-Za-z]*)$/.exec(value);
  const unit = units[match?.[2] ?? '-'];
  return match && unit !== undefined ? Number(match[1]) * unit : NaN;
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
