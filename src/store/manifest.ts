import { Manifest, type ManifestWarm } from '../contract/manifest.js';
import type { Destination } from '../contract/run-policy.js';
import { LanewayError, messageOf } from '../errors.js';
import type { TakenIn } from './take-in-zip.js';

/** What bounds the warm workers of a manifest. */
export interface WarmCheck {
  /** Of versions whose manifest names none. */
  concurrency: number;
  /** Workers kept warm on a server together. */
  maxWarm: number;
  /** Throws what is wrong with the windows. */
  checkWindows: (warm: ManifestWarm) => void;
}

/** The manifest's name at the root of a zip. */
export const manifestFile = 'laneway.json';

/** The most that a manifest may ask for. */
export interface ManifestLimits {
  maxMemoryMb: number;
  maxProcesses: number;
  /** Cores. */
  maxCpu: number;
}

const absentIsolations: readonly string[] = ['sandbox'];

/**
 * The manifest in the text of `laneway.json`; null stands for a zip without one.
 * Throws `manifest_invalid` with the first rule broken, or `manifest_unsupported`: nothing asked for is ignored.
 */
export async function readManifest(text: string | null, limits: ManifestLimits): Promise<Manifest> {
  if (text === null) return {};
  const manifest = await checkShape(parseJson(text));
  refuseAbsentParts(manifest);
  refuseExcess(manifest, limits);
  return manifest;
}

/** Throws `manifest_invalid` for a schedule that fits its schema and is none. */
export function refuseSchedule(manifest: Manifest, check: (manifest: Manifest) => void): void {
  try {
    check(manifest);
  } catch (error) {
    throw new LanewayError('manifest_invalid', { problem: `schedule: ${messageOf(error)}` }, { cause: error });
  }
}

/** What a push says of warm workers that can't be had, whatever their windows are. */
export function refuseWarm({ manifest, entry }: Pick<TakenIn, 'manifest' | 'entry'>, check: WarmCheck): void {
  const { warm, concurrency } = manifest;
  if (warm === undefined || warm.min === 0) return;
  if (entry.runtime === 'executable') {
    throw new LanewayError('manifest_unsupported', { field: 'warm', problem: 'an executable is started anew for every run' });
  }
  const most = Math.min(concurrency ?? check.concurrency, check.maxWarm);
  if (warm.min > most) {
    const rule = most === check.maxWarm ? '(LANEWAY_MAX_WARM)' : '(concurrency)';
    throw new LanewayError('manifest_unsupported', {
      field: `warm.min ${warm.min}`,
      problem: `at most ${most} is allowed ${rule}`,
    });
  }
  try {
    check.checkWindows(warm);
  } catch (error) {
    throw new LanewayError('manifest_invalid', { problem: `warm.schedule: ${messageOf(error)}` }, { cause: error });
  }
}

/** Everybody who is told of the end of a run because of this manifest. */
export function destinationsOf({ on_success: succeeded, on_failure: failed, schedule = [] }: Manifest): Destination[] {
  const scheduled = [schedule].flat().map((one) => (typeof one === 'string' ? undefined : one.on_failure));
  return [succeeded, failed, ...scheduled].filter((destination) => destination !== undefined);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new LanewayError('manifest_invalid', { problem: messageOf(error) }, { cause: error });
  }
}

/** The checker costs 50 ms to load, so it is loaded by the first push that needs it and not at start. */
async function checkShape(value: unknown): Promise<Manifest> {
  const { Check, Errors } = await import('typebox/schema');
  if (Check(Manifest, value)) return value;
  const errors = Errors(Manifest, value)[1];
  throw new LanewayError('manifest_invalid', { problem: describe(errors) });
}

interface ShapeProblem {
  keyword: string;
  instancePath: string;
  message: string;
  params: object;
}

function describe(errors: readonly ShapeProblem[]): string {
  const broken = nearest(errors);
  if (broken === undefined) return 'it does not fit its schema';
  const { additionalProperties: unknown, allowedValues } = broken.params as Record<string, readonly string[] | undefined>;
  const place = broken.instancePath === '' ? 'it' : broken.instancePath.slice(1);
  if (Array.isArray(unknown)) {
    const allowed = place === 'it' ? `; allowed are ${Object.keys(Manifest.properties).join(', ')}` : '';
    return `${place} can not have ${unknown.join(', ')}${allowed}`;
  }
  return `${place} ${allowedValues === undefined ? broken.message : `must be one of ${allowedValues.join(', ')}`}`;
}

/**
 * Of a value that may have one of several shapes, every shape tells why it is none of it. What is wrong furthest inside says
 * most, and at the same place a field too many; of those, what the shape says that knows most of the fields.
 */
function nearest(errors: readonly ShapeProblem[]): ShapeProblem | undefined {
  const depth = ({ instancePath }: ShapeProblem) => instancePath.split('/').length;
  const unknown = ({ params }: ShapeProblem) =>
    (params as { additionalProperties?: readonly string[] }).additionalProperties?.length ?? 1000;
  // A field too many is told twice: by the object that can't have it, and as a value that fits nothing.
  const told = errors.filter(({ keyword }) => keyword !== 'boolean');
  return told.toSorted((one, other) => depth(other) - depth(one) || unknown(one) - unknown(other))[0];
}

function refuseAbsentParts(manifest: Manifest): void {
  if (manifest.isolation !== undefined && absentIsolations.includes(manifest.isolation)) {
    throw new LanewayError('manifest_unsupported', {
      field: `isolation "${manifest.isolation}"`,
      problem: 'use "confined", "process", "thread" or "auto"',
    });
  }
  if (manifest.network === 'none' && (manifest.isolation === 'thread' || manifest.isolation === 'process')) {
    throw new LanewayError('manifest_unsupported', {
      field: `network "none" with isolation "${manifest.isolation}"`,
      problem: 'only "confined" keeps the network away; use that or leave one of them out',
    });
  }
}

function refuseExcess(manifest: Manifest, limits: ManifestLimits): void {
  const bounds = [
    ['memory_mb', limits.maxMemoryMb, 'LANEWAY_MAX_MEMORY_MB'],
    ['max_processes', limits.maxProcesses, 'LANEWAY_MAX_PROCESSES'],
    ['cpu', limits.maxCpu, 'LANEWAY_MAX_CPU'],
  ] as const;
  for (const [field, most, setting] of bounds) {
    const asked = manifest[field];
    if (asked === undefined || asked <= most) continue;
    throw new LanewayError('manifest_unsupported', {
      field: `${field} ${asked}`,
      problem: `at most ${most} is allowed (${setting})`,
    });
  }
  for (const field of ['cpu', 'max_processes'] as const) {
    if (manifest.isolation !== 'thread' || manifest[field] === undefined) continue;
    const problem = 'a thread shares the processors and processes of the server; use "process" or leave it out';
    throw new LanewayError('manifest_unsupported', { field: `${field} with isolation "thread"`, problem });
  }
}
