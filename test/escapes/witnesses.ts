import { type Dirent, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, type Listener } from '../../src/cli/doctor/isolation/bait.js';
import type { Scene, Witness } from './attack.js';
import type { AttackBait, Host } from './host.js';
import { findProcesses } from './processes.js';

/** Its answer or log has a text in it that it could only have from where it is not to look. */
export function tells(secret: (host: Host) => string): Witness {
  return ({ host, outcomes }) => {
    const text = secret(host);
    return text !== '' && outcomes.some(({ result, log }) => result.includes(text) || log.includes(text));
  };
}

/** As `tells`, for those that tell a fingerprint. */
export function tellsFingerprint(content: (host: Host) => Buffer): Witness {
  return (scene) => tells((host) => fingerprint(content(host)))(scene);
}

/** A listener on the host got its marker. */
export function isHeardBy(listener: (host: Host) => Listener): Witness {
  return ({ host, bait }) => listener(host).heard(bait.marker);
}

/** A process that it started is there. */
export const hasProcess: Witness = ({ bait }) => findProcesses(bait.marker).length > 0;

/** A file on the host was made; it is removed. */
export function hasWritten(file: (bait: AttackBait) => string): Witness {
  return ({ bait }) => {
    const path = file(bait);
    if (!existsSync(path)) return false;
    rmSync(path);
    return true;
  };
}

/** A file by its marker is in a folder of the host. */
export function hasLeftFileIn(folder: (bait: AttackBait) => string): Witness {
  return hasWritten((bait) => join(folder(bait), bait.marker));
}

/** As `hasLeftFileIn`, somewhere below it. */
export function hasLeftFileBelow(folder: (bait: AttackBait) => string): Witness {
  return ({ bait }) => hasFileBelow(folder(bait), new RegExp(`^${bait.marker}$`));
}

/** Whether a file of such a name is in the folder or below. */
export function hasFileBelow(folder: string, name: RegExp): boolean {
  return entriesOf(folder).some((entry) =>
    entry.isDirectory() ? hasFileBelow(join(folder, entry.name), name) : name.test(entry.name),
  );
}

/** The run came to its end, whatever it used. */
export const gotThrough: Witness = ({ outcome }) => outcome.state === 'succeeded';

/** The last call's result has its marker in it. */
export const resultHasMarker: Witness = ({ outcome, bait }) => outcome.result.includes(bait.marker);

export function either(...witnesses: Witness[]): Witness {
  return async (scene: Scene) => {
    for (const witness of witnesses) if (await witness(scene)) return true;
    return false;
  };
}

/** Folders come and go while others push. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
