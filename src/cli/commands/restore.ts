import { resolve } from 'node:path';
import { exitCode, type ExitCode } from '../exit-code.js';
import { readEmbedded } from '../read-embedded.js';
import type { Session } from '../session.js';
import { summaryOf } from './backup.js';

interface RestoreFlags {
  data?: string;
  store?: string;
}

/** Puts a backup into empty folders, from which `fas serve` then goes on. */
export async function run([backup = '']: readonly string[], flags: RestoreFlags, session: Session): Promise<ExitCode> {
  const config = readEmbedded(session.environment);
  const { restoreBackup } = await import('../../backup/restore-backup.js');
  const dataFolder = flags.data === undefined ? config.DATA : resolve(flags.data);
  const storeFolder = flags.store === undefined ? config.STORE : resolve(flags.store);
  const manifest = await restoreBackup({ backup: resolve(backup), dataFolder, storeFolder });
  session.print(session.json ? JSON.stringify(manifest) : `restored ${backup} to ${dataFolder}: ${summaryOf(manifest)}`);
  if (manifest.store === null) session.note(`the backup has no versions: put them into ${storeFolder} before a server starts`);
  session.note(`start it with: LANEWAY_DATA=${dataFolder} LANEWAY_STORE=${storeFolder} fas serve`);
  return exitCode.ok;
}
