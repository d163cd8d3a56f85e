import type { PromotedFrom } from '../contract/records.js';
import type { TakenIn } from './take-in-zip.js';

/** How a zip came here; kept beside the zip on every store. */
export interface PushFacts {
  /** Hex, of the zip as pushed. */
  sha256: string;
  sizeBytes: number;
  /** The wire's type, which decides the runtime when the manifest is silent. */
  type: 'dll' | 'exe' | null;
  /** Epoch milliseconds. */
  pushedAt: number;
  pushedBy: string | null;
  promotedFrom: PromotedFrom | null;
}

/** Everything known of a version besides its number: the content of `artifact.json`. */
export interface Artifact extends PushFacts, TakenIn {}

/** `artifact.json` as people read it: snake_case, times in RFC 3339. */
export function writeArtifact({ sizeBytes, pushedAt, pushedBy, promotedFrom, ...rest }: Artifact): string {
  const shown = { pushed_at: new Date(pushedAt).toISOString(), pushed_by: pushedBy, promoted_from: promotedFrom };
  return `${JSON.stringify({ ...rest, size_bytes: sizeBytes, ...shown }, null, 2)}\n`;
}

/** An artifact written by this server; null when the text is not one. */
export function readArtifact(text: string): Artifact | null {
  const facts = readPushFacts(text);
  if (facts === null) return null;
  const { manifest, entry, files } = JSON.parse(text) as Partial<TakenIn>;
  const whole = typeof manifest === 'object' && manifest !== null && typeof entry?.file === 'string' && Array.isArray(files);
  return whole ? { ...facts, manifest, entry, files } : null;
}

/** Only the facts that a zip from the shared store can't tell by itself; null when the text has been damaged. */
export function readPushFacts(text: string): PushFacts | null {
  const value = parseObject(text);
  if (value === null || typeof value.sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(value.sha256)) return null;
  if (!Number.isSafeInteger(value.size_bytes)) return null;
  return {
    sha256: value.sha256,
    sizeBytes: value.size_bytes as number,
    type: value.type === 'dll' || value.type === 'exe' ? value.type : null,
    pushedAt: Date.parse(String(value.pushed_at)) || 0,
    pushedBy: typeof value.pushed_by === 'string' ? value.pushed_by : null,
    promotedFrom: readPromotedFrom(value.promoted_from),
  };
}

function readPromotedFrom(value: unknown): PromotedFrom | null {
  if (typeof value !== 'object' || value === null || !('lane' in value) || !('version' in value)) return null;
  return { lane: String(value.lane), version: String(value.version) };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
