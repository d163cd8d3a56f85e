import type { DeployedVersion } from '../contract/executor.js';
import type { FunctionStore } from '../contract/store.js';
import { Catalogue } from './catalogue.js';
import { DiskStore } from './disk-store.js';
import { Fetcher } from './fetcher.js';
import { readFtpAddress } from './ftp-address.js';
import type { FtpMirror } from './ftp-mirror.js';
import { DiskFunctionStore } from './function-store.js';
import { LaneMoves } from './lane-moves.js';
import { LaneKeeper } from './lane-keeper.js';
import { OneAtATime } from './one-at-a-time.js';
import type { StoreParts } from './parts.js';
import { Publisher } from './publisher.js';
import { RemoteListings } from './remote-listings.js';
import { StoreWatcher } from './store-watcher.js';

export interface StoreOptions extends Pick<StoreParts, 'records' | 'bus' | 'log' | 'limits' | 'checkSchedule' | 'warm'> {
  /** Absolute path of the folder for versions. */
  folder: string;
  /** The shared store; `ca` is PEM text, null stands for the system's authorities. */
  ftp: { url: string; ca: string | null; connections: number } | null;
  /** Whether other servers write to the same records. */
  shared: boolean;
  /** Longest wait in milliseconds for the FTP server to say something. */
  ftpTimeoutMs?: number;
  /** Milliseconds between two looks at what other servers changed. */
  everyMs?: number;
}

/** Opens the store: leftovers of a killed server are removed and what is on disk is known when it resolves. */
export async function openStore(options: StoreOptions): Promise<FunctionStore> {
  const { folder, records, bus, log, limits, checkSchedule, warm, shared, everyMs = 2000 } = options;
  const disk = new DiskStore(folder);
  await disk.open();
  const mirror = await openMirror(options);
  const listings = mirror === null ? null : new RemoteListings(mirror);
  const catalogue = new Catalogue();
  const kept = { lanes: new OneAtATime(), deployed: new Map<string, DeployedVersion>(), publishing: new Set<string>() };
  const parts: StoreParts = {
    records,
    catalogue,
    disk,
    mirror,
    bus,
    log,
    limits,
    checkSchedule,
    warm,
    moves: new LaneMoves(),
    ...kept,
  };
  const keeper = new LaneKeeper(parts);
  await keeper.load();
  const watched = { ...parts, keeper, publisher: new Publisher(parts), listings, shared, everyMs };
  const watcher = new StoreWatcher(watched);
  watcher.start();
  return new DiskFunctionStore({ ...watched, watcher, fetcher: new Fetcher(parts) });
}

/** The FTP client is loaded only where there is an FTP server. */
async function openMirror({ ftp, ftpTimeoutMs = 15_000 }: StoreOptions): Promise<FtpMirror | null> {
  if (ftp === null) return null;
  const [{ FtpMirror }, { FtpPool }] = await Promise.all([import('./ftp-mirror.js'), import('./ftp-pool.js')]);
  const address = readFtpAddress(ftp.url, ftp.ca);
  return new FtpMirror(new FtpPool(address, { connections: ftp.connections, timeoutMs: ftpTimeoutMs }), address.root);
}
