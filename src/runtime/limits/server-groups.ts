import type { Manifest } from '../../contract/manifest.js';
import { serverName } from '../process-group.js';
import { forgetGroups, noteGroups } from './group-notes.js';
import type { ProcessLimits } from './launch-limited.js';
import type { OwnCgroups } from './own-cgroups.js';
import { openResourceGroups } from './open-resource-groups.js';
import type { ResourceGroups } from './resource-group.js';

/** The limits of one server's workers: what the machine gives, noted so that nothing of it outlives the server. */
export class ServerGroups {
  readonly groups: ResourceGroups;
  readonly processLimits: ProcessLimits;
  readonly #folder: string;

  constructor(options: { folder: string; cgroups?: OwnCgroups; limits: { openFiles: number; scratchBytes: number } }) {
    const { groups, folders } = openResourceGroups(options.cgroups);
    this.groups = groups;
    this.#folder = options.folder;
    this.processLimits = { openFiles: options.limits.openFiles, fileBytes: options.limits.scratchBytes };
    if (folders.length > 0) noteGroups(options.folder, serverName(), folders);
  }

  get description(): string {
    return this.groups.description;
  }

  /** Why a function can't have what its manifest limits; null when it can. Nothing asked for is left out in silence. */
  refusalOf({ cpu }: Manifest): string | null {
    return cpu === undefined || this.groups.limitsCpu ? null : `its cpu limit can not be held here: ${this.groups.description}`;
  }

  /** Belongs after the end of all workers. */
  close(): void {
    this.groups.close();
    forgetGroups(this.#folder, serverName());
  }
}
