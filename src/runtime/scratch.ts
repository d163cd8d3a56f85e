import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootId, readProcess } from './process-group.js';

/** One worker process's private temporary folder, and the note by which a later boot finds what is left of it. */
export class Scratch {
  readonly folder: string;
  readonly #note: string;
  readonly #onRemoved: () => void;

  constructor(root: string, name: string, onRemoved: () => void) {
    this.folder = join(root, 'tmp', name);
    this.#note = join(root, 'pids', name);
    this.#onRemoved = onRemoved;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** Written at once: a server that is killed in the next moment leaves a process that must be found. */
  note(pid: number): void {
    writeFileSync(this.#note, `${pid} ${readProcess(pid)?.startTime ?? ''} ${bootId()}\n`, { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.#note, { force: true });
    this.#onRemoved();
    // Big folders are deleted beside the work; what fails is swept at the next start.
    rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
