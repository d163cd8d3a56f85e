import type { AuditRecords } from '../contract/records.js';
import { blotOutKeys } from './credentials.js';
import type { Principal } from '../contract/principal.js';

interface AuditedChange {
  /** null for what the server did by itself. */
  by: Principal | null;
  /** `version.push`, `key.create`... */
  action: string;
  /** What it was done to. */
  target: string;
  details?: Record<string, unknown>;
  /** The caller's network address. */
  address?: string | null;
}

/** Writes down one change; resolves when it is recorded. */
export type Audit = (change: AuditedChange) => Promise<void>;

/** The writer of the audit table: keys, passwords and secret values are blotted out whatever the caller hands in. */
export function createAudit(records: AuditRecords, clock: () => number): Audit {
  return ({ by, action, target, details = {}, address = null }) =>
    records.append({
      at: clock(),
      keyId: by?.keyId ?? null,
      action,
      target: safeText(target),
      details: safe(details, 0) as Record<string, unknown>,
      address,
    });
}

const secretName = /secret|token|password|passwd|authorization|cookie|credential|api_?key|private/i;
const maxText = 1000;
const maxDepth = 5;

function safe(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth >= maxDepth) return '…';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => safe(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, secretName.test(name) ? '***' : safe(item, depth + 1)]),
  );
}

/** Blotted out before it is cut: half a secret would no longer look like one. */
function safeText(text: string): string {
  const safe = blotOutKeys(text).replace(/(:\/\/[^:/?#\s@]*:)[^/?#\s@]*@/g, '$1***@');
  return safe.length > maxText ? `${safe.slice(0, maxText)}…` : safe;
}
