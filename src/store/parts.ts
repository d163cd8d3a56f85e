import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { DeployedVersion } from '../contract/executor.js';
import type { Manifest } from '../contract/manifest.js';
import type { Records } from '../contract/records.js';
import type { Catalogue } from './catalogue.js';
import type { DiskStore } from './disk-store.js';
import type { FtpMirror } from './ftp-mirror.js';
import type { LaneMoves } from './lane-moves.js';
import type { WarmCheck } from './manifest.js';
import type { OneAtATime } from './one-at-a-time.js';
import type { TakeInLimits } from './take-in-zip.js';

interface StoreLimits extends TakeInLimits {
  /** Bytes of a zip as pushed. */
  maxUpload: number;
}

/** What the parts of the store are built from. */
export interface StoreParts {
  records: Pick<Records, 'versions' | 'lanes'> & { runs: Pick<Records['runs'], 'countOpen'> };
  catalogue: Catalogue;
  disk: DiskStore;
  /** null when there is no shared store. */
  mirror: FtpMirror | null;
  bus: Bus;
  log: Pick<Logger, 'info' | 'warn'>;
  limits: StoreLimits;
  /** Throws what is wrong with the schedule of a manifest that fits its schema. */
  checkSchedule: (manifest: Manifest) => void;
  /** What bounds the warm workers that a manifest may ask for. */
  warm: WarmCheck;
  /** What happens before a lane moves. */
  moves: LaneMoves;
  /** One change of a lane's numbers, pin or versions at a time; the key is `<function>/<lane>`. */
  lanes: OneAtATime;
  /** Versions that were looked at, by their key. */
  deployed: Map<string, DeployedVersion>;
  /** Keys `<function>/<lane>/<version>` that a push of this server is publishing. */
  publishing: Set<string>;
}

export function laneKey({ function: name, lane }: { function: string; lane: string }): string {
  return `${name}/${lane}`;
}

export function versionKey({ function: name, lane, version }: { function: string; lane: string; version: string }): string {
  return `${name}/${lane}/${version}`;
}
