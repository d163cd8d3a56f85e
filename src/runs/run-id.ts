import { randomFillSync } from 'node:crypto';

const pool = Buffer.allocUnsafe(8192);
let used = pool.length;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A new run id: UUID version 7, so that ids sort by the time they were made. */
export function newRunId(now = Date.now()): string {
  if (used + 10 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const time = now.toString(16).padStart(12, '0');
  const at = used;
  used += 10;
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-7${hex[pool[at]!]!.slice(1)}${hex[pool[at + 1]!]}-` +
    `${hex[(pool[at + 2]! & 0x3f) | 0x80]}${hex[pool[at + 3]!]}-` +
    `${hex[pool[at + 4]!]}${hex[pool[at + 5]!]}${hex[pool[at + 6]!]}${hex[pool[at + 7]!]}${hex[pool[at + 8]!]}${hex[pool[at + 9]!]}`
  );
}

const dashed = '([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})';
const guidForms = [
  new RegExp(`^${dashed}$`),
  new RegExp(`^\\{${dashed}\\}$`),
  new RegExp(`^\\(${dashed}\\)$`),
  /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/,
];

/** Reads a GUID in any form .NET writes (dashes, none, braces, parentheses) into lower case with dashes; null when it is none. */
export function readRunId(text: string): string | null {
  const lower = text.trim().toLowerCase();
  for (const form of guidForms) {
    const match = form.exec(lower);
    if (match) return match.slice(1).join('-');
  }
  return readHexGroups(lower);
}

/** .NET's "X" form: {0x00000000,0x0000,0x0000,{0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00}} */
function readHexGroups(text: string): string | null {
  const group = '0x([0-9a-f]{1,8})';
  const form = new RegExp(`^\\{${group},${group},${group},\\{${Array.from({ length: 8 }, () => group).join(',')}\\}\\}$`);
  const match = form.exec(text.replace(/\s/g, ''));
  if (!match) return null;
  const widths = [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2];
  const groups = match.slice(1).map((digits, index) => digits.replace(/^0+/, '').padStart(widths[index]!, '0'));
  if (groups.some((digits, index) => digits.length !== widths[index])) return null;
  const tail = groups.slice(3).join('');
  return `${groups[0]}-${groups[1]}-${groups[2]}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
