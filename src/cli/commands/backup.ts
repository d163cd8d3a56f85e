import { resolve } from 'node:path';
import type { BackupManifest } from '../../backup/backup-manifest.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readEmbedded } from '../read-embedded.js';
import type { Session } from '../session.js';

interface BackupFlags {
  withoutStore?: boolean;
}

/** Backs up the data folder and the store that the settings name, whether a server uses them or not. */
export async function run([target = '']: readonly string[], flags: BackupFlags, session: Session): Promise<ExitCode> {
  const config = readEmbedded(session.environment);
  const { makeBackup } = await import('../../backup/make-backup.js');
  const store = flags.withoutStore === true ? null : { folder: config.STORE, isCache: config.FTP_URL !== null };
  const manifest = await makeBackup({ dataFolder: config.DATA, store, target: resolve(target) });
  session.print(session.json ? JSON.stringify(manifest) : `backed up ${config.DATA} to ${target}: ${summaryOf(manifest)}`);
  noteKeys(manifest, session);
  return exitCode.ok;
}

/** Also printed by `fas restore`. */
export function summaryOf({ runs, payloads, store, database }: BackupManifest): string {
  const all = Object.values(runs).reduce((sum, count) => sum + count, 0);
  const open = (runs.queued ?? 0) + (runs.running ?? 0);
  const versions = store === null ? 'without versions' : `${store.versions} versions`;
  const bytes = database.bytes + payloads.bytes + (store?.bytes ?? 0);
  return `${all} runs (${open} open), ${payloads.files} payload files, ${versions}, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function noteKeys({ keys }: BackupManifest, session: Session): void {
  if (keys.length > 0) session.note(`it holds keys (${keys.join(', ')}): keep it as safe as the data folder`);
  if (!keys.includes('secret-key')) session.note('secrets in it need the LANEWAY_SECRET_KEY they were sealed with');
}
