import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../contract/executor.js';
import type { Manifest } from '../contract/manifest.js';
import { LanewayError } from '../errors.js';
import { findEntry, listRootFiles } from './entry.js';
import { manifestFile, readManifest, type ManifestLimits } from './manifest.js';
import { scanZip, type ZipLimits } from './scan-zip.js';
import { unpackZip } from './unpack-zip.js';
import { withZip } from './zip-reader.js';

export type TakeInLimits = ZipLimits & ManifestLimits;

/** What a checked and unpacked zip turned out to be. */
export interface TakenIn {
  manifest: Manifest;
  entry: Entry;
  /** Files at the root, sorted. */
  files: string[];
}

const manifestLimit = 1 << 20;

/**
 * The one way a zip gets onto this disk, whether it was pushed or came from the shared store: scanned under limits,
 * unpacked into `folder` (which is made), its manifest and entry checked. Throws the refusal; the caller removes the folder.
 */
export async function takeInZip(
  zip: string,
  folder: string,
  about: { function: string; type: 'dll' | 'exe' | null; limits: TakeInLimits },
): Promise<TakenIn> {
  await withZip(zip, async (opened) => {
    await scanZip(opened, about.limits);
  });
  await mkdir(folder, { mode: 0o755 });
  await withZip(zip, (opened) => unpackZip(opened, folder));
  const files = await listRootFiles(folder);
  const manifest = await readManifest(await readManifestText(folder, files), about.limits);
  const entry = await findEntry({ function: about.function, type: about.type, folder, files, manifest });
  return { manifest, entry, files };
}

async function readManifestText(folder: string, files: readonly string[]): Promise<string | null> {
  if (!files.includes(manifestFile)) return null;
  const path = join(folder, manifestFile);
  if ((await stat(path)).size > manifestLimit) {
    throw new LanewayError('manifest_invalid', { problem: `it is larger than ${manifestLimit} bytes` });
  }
  return await readFile(path, 'utf8');
}
