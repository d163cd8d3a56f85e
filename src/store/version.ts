import type { VersionNumber } from '../contract/records.js';
import { versionAskedPattern, versionPattern } from '../contract/words.js';

/** What a caller may ask a lane for. */
export type Asked = { kind: 'current' } | { kind: 'major'; major: number } | { kind: 'exact'; version: VersionNumber };

const stored = new RegExp(versionPattern);
const askable = new RegExp(versionAskedPattern);

/** `major.minor` without leading zeros, as versions are written; null for anything else. */
export function parseVersion(text: string): VersionNumber | null {
  if (!stored.test(text)) return null;
  const dot = text.indexOf('.');
  return { major: Number(text.slice(0, dot)), minor: Number(text.slice(dot + 1)) };
}

/** Nothing, `0`, `0.0` and `latest` ask for the current version, `N` and `N.0` for the newest of a major; null is not allowed. */
export function parseAsked(text: string): Asked | null {
  if (!askable.test(text)) return null;
  if (text === '' || text === 'latest') return { kind: 'current' };
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (minor > 0) return { kind: 'exact', version: { major, minor } };
  return major === 0 ? { kind: 'current' } : { kind: 'major', major };
}

export function formatVersion({ major, minor }: VersionNumber): string {
  return `${major}.${minor}`;
}

/** Below 0 when the first is older; 1.10 is newer than 1.9. */
export function compareVersions(first: VersionNumber, second: VersionNumber): number {
  return first.major - second.major || first.minor - second.minor;
}

/** null when there are none. */
export function newestOf(versions: Iterable<VersionNumber>): VersionNumber | null {
  let newest: VersionNumber | null = null;
  for (const version of versions) if (newest === null || compareVersions(version, newest) > 0) newest = version;
  return newest;
}
