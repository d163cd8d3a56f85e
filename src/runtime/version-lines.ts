import type { DeployedVersion, Entry } from '../contract/executor.js';
import type { LocalExecutorOptions } from './executor-options.js';
import type { LocalIsolation } from './local-isolation.js';
import { VersionLine } from './version-line.js';

/** Every line there is, found by version, entry and isolation. A line without workers costs a few hundred bytes. */
export class VersionLines {
  readonly #settings: Pick<LocalExecutorOptions, 'defaults' | 'limits' | 'confinement'>;
  readonly #byVersion = new Map<string, VersionLine[]>();

  constructor(settings: Pick<LocalExecutorOptions, 'defaults' | 'limits' | 'confinement'>) {
    this.#settings = settings;
  }

  /** The line of these three, made when there is none. */
  of(version: DeployedVersion, entry: Entry, isolation: LocalIsolation): VersionLine {
    const lines = this.#byVersion.get(version.key);
    const line = lines?.find(
      ({ entry: own, more }) =>
        more.isolation === isolation && own.file === entry.file && own.handler === entry.handler && own.runtime === entry.runtime,
    );
    if (line !== undefined) return line;
    const made = new VersionLine(version, entry, { isolation, settings: this.#settings });
    if (lines === undefined && this.workersInLane(version.function, version.lane) > 0) made.emptyBecause = 'other_version';
    if (lines === undefined) this.#byVersion.set(version.key, [made]);
    else lines.push(made);
    return made;
  }

  /** Keys of the versions whose manifest names the secret. */
  using(secret: string): string[] {
    const uses = (lines: VersionLine[]) => lines[0]?.version.manifest.secrets?.includes(secret) === true;
    return [...this.#byVersion].filter(([, lines]) => uses(lines)).map(([key]) => key);
  }

  /** Workers of a version, whatever its lines. */
  workersOf(versionKey: string): number {
    return (this.#byVersion.get(versionKey) ?? []).reduce((sum, { workers }) => sum + workers.size, 0);
  }

  /** Workers of all versions of a lane. */
  workersInLane(functionName: string, lane: string): number {
    let count = 0;
    for (const [key, lines] of this.#byVersion) {
      const { version } = lines[0]!;
      if (version.lane === lane && version.function === functionName) count += this.workersOf(key);
    }
    return count;
  }

  /** Forgets the lines of a version: runs that come later get new ones. */
  takeOut(versionKey: string): VersionLine[] {
    const lines = this.#byVersion.get(versionKey) ?? [];
    this.#byVersion.delete(versionKey);
    return lines;
  }
}
