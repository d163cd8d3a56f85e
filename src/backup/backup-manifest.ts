import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunState } from '../contract/words.js';
import { adminKeyFile } from '../access/first-key.js';
import { secretKeyFile } from '../access/seal.js';

/** Says what a backup holds; written last, so that a folder without it is none. */
export interface BackupManifest {
  format: 1;
  laneway: string;
  installation_id: string;
  /** ISO 8601, when the copy of the records was asked for: every run accepted before is in it. */
  made_at: string;
  database: { bytes: number; sha256: string };
  runs: Partial<Record<RunState, number>>;
  payloads: FileCount;
  /** null when it was left out. */
  store: ({ versions: number; functions: string[] } & FileCount) | null;
  keys: string[];
}

export interface FileCount {
  files: number;
  bytes: number;
}

export const manifestFile = 'backup.json';
export const storeInBackup = 'functions-store';
/** The keys that lie in the data folder, unless they are given as settings. */
export const keyFiles: readonly string[] = [adminKeyFile, secretKeyFile];

/** Rejects with one line when the folder is no backup, or one of a newer release. */
export async function readManifest(backup: string): Promise<BackupManifest> {
  const text = await readFile(join(backup, manifestFile), 'utf8').catch(() => null);
  if (text === null) throw new Error(`${backup} is no backup, or one that was broken off: it has no ${manifestFile}`);
  const manifest = parse(text) as Partial<BackupManifest> | null;
  if (manifest === null || typeof manifest.format !== 'number') throw new Error(`${join(backup, manifestFile)} can not be read`);
  if (manifest.format !== 1)
    throw new Error(`${backup} was made by a newer release (${manifest.laneway}): restore it with that one`);
  return manifest as BackupManifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
