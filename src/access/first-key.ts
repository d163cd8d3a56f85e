import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config.js';
import type { KeyRecord, KeyRecords } from '../contract/records.js';
import { formatKey, hashSecret, makeKey, parseKey, type Key } from './key.js';
import { createPrivateFile, readPrivateFile, writePrivateFile } from './private-file.js';

export interface FirstKeyOptions {
  records: KeyRecords;
  installationId: string;
  dataFolder: string;
  /** `LANEWAY_ADMIN_KEY`, already checked by the settings. */
  given: string | null;
  clock: () => number;
}

export interface FirstKey {
  /** The admin key that lies in the data folder; null when another server's folder holds it. */
  token: string | null;
  /** Where it lies, 0600; null together with the token. */
  file: string | null;
  /** Made by this call: to be printed once. A key that was given is known to whoever gave it. */
  isNew: boolean;
}

/** Where the admin key lies in the data folder. */
export const adminKeyFile = 'admin-key';

const setByOperator = 'LANEWAY_ADMIN_KEY';
const none: FirstKey = { token: null, file: null, isNew: false };

/** Sees to it that somebody can administer the installation: takes the given key, else keeps or makes one. */
export async function ensureFirstKey(options: FirstKeyOptions): Promise<FirstKey> {
  const file = join(options.dataFolder, adminKeyFile);
  const given = options.given === null ? null : parseKey(options.given);
  return given === null ? keepOrMake(options, file) : takeGiven(options, file, given);
}

/** A given key replaces those given before it, so that changing the setting is how it is rotated. */
async function takeGiven({ records, clock }: FirstKeyOptions, file: string, key: Key): Promise<FirstKey> {
  await insertUnlessThere(records, adminRecord(key, setByOperator, clock()));
  const all = await records.all();
  const own = all.find(({ id }) => id === key.id);
  if (own === undefined || own.hash !== hashSecret(key.secret)) {
    throw new ConfigError(`LANEWAY_ADMIN_KEY must be a new key: its id ${key.id} belongs to a key with another secret`);
  }
  if (own.revokedAt !== null) {
    throw new ConfigError(`LANEWAY_ADMIN_KEY must be a key in force: ${key.id} was revoked, choose another`);
  }
  if (!isLivingAdmin(own, clock())) {
    throw new ConfigError(`LANEWAY_ADMIN_KEY must be an admin key: ${key.id} is recorded with other rights or has expired`);
  }
  const former = all.filter((other) => other.createdBy === setByOperator && other.id !== key.id && other.revokedAt === null);
  for (const { id } of former) await records.revoke(id, clock());
  await writePrivateFile(file, `${formatKey(key)}\n`);
  return { token: formatKey(key), file, isNew: false };
}

async function keepOrMake(options: FirstKeyOptions, file: string): Promise<FirstKey> {
  const all = await options.records.all();
  const text = await readPrivateFile(file);
  const kept = parseKey(text?.trim() ?? '');
  const known = all.find(({ id }) => id === kept?.id);
  if (kept !== null && known?.hash === hashSecret(kept.secret) && isLivingAdmin(known, options.clock())) {
    return { token: formatKey(kept), file, isNew: false };
  }
  if (all.some((key) => isLivingAdmin(key, options.clock()))) return none;
  // A crash between file and record left a key that nobody knows of yet: it is put into force now.
  if (kept !== null && known === undefined) return putIntoForce(options, file, kept);
  const id = firstKeyId(options.installationId);
  const made = makeKey(all.some((key) => key.id === id) ? undefined : id);
  return putIntoForce(options, file, await keepInFile(file, made, text !== null));
}

/** A file of no use is replaced; otherwise of several servers that share the folder only one creates it. */
async function keepInFile(file: string, made: Key, replace: boolean): Promise<Key> {
  if (replace) await writePrivateFile(file, `${formatKey(made)}\n`);
  else if (!(await createPrivateFile(file, `${formatKey(made)}\n`))) {
    return parseKey((await readPrivateFile(file))?.trim() ?? '') ?? made;
  }
  return made;
}

/** Of several servers that share the records only one gets its key in: the id follows from the installation. */
async function putIntoForce(options: FirstKeyOptions, file: string, key: Key): Promise<FirstKey> {
  const isNew = await insertUnlessThere(options.records, adminRecord(key, null, options.clock()));
  const inForce = (await options.records.all()).find((record) => record.id === key.id);
  if (inForce?.hash === hashSecret(key.secret)) return { token: formatKey(key), file, isNew };
  await rm(file, { force: true });
  return none;
}

function firstKeyId(installationId: string): string {
  return hash('sha256', `first key of ${installationId}`).slice(0, 12);
}

function adminRecord(key: Key, createdBy: string | null, now: number): KeyRecord {
  return {
    id: key.id,
    hash: hashSecret(key.secret),
    name: createdBy ?? 'first admin key',
    scopes: ['admin'],
    functions: null,
    lanes: null,
    expiresAt: null,
    ratePerMinute: null,
    maxConcurrent: null,
    createdAt: now,
    createdBy,
    revokedAt: null,
  };
}

function isLivingAdmin(key: KeyRecord, now: number): boolean {
  return key.scopes.includes('admin') && key.revokedAt === null && (key.expiresAt ?? Infinity) > now;
}

/** False when the id is taken, whoever took it. */
async function insertUnlessThere(records: KeyRecords, record: KeyRecord): Promise<boolean> {
  if ((await records.all()).some(({ id }) => id === record.id)) return false;
  try {
    await records.insert(record);
    return true;
  } catch (error) {
    if ((await records.all()).some(({ id }) => id === record.id)) return false;
    throw error;
  }
}
