/** What one worker and everything it starts may use together. */
export interface ResourceLimits {
  readonly memoryBytes: number;
  /** Cores, a fraction allowed; null: as many as there are. */
  readonly cpus: number | null;
  /** Processes and threads of processes; null: as many as the machine gives. */
  readonly processes: number | null;
}

/** Which limit ended a worker or hindered its run, in words for the caller. */
export interface ExceededLimit {
  readonly reason: 'out_of_memory' | 'too_many_processes';
  readonly message: string;
}

/** One worker with all it starts, under limits that hold for all of it together. */
export interface ResourceGroup {
  /**
   * What a process that begins as `/bin/sh` writes its own number to, to be in the group before anything else happens;
   * empty where the system knows no such groups. See `launchLimited`.
   */
  readonly entrances: readonly string[];
  /** Puts a process, and whatever it starts from now on, under the limits. */
  add(pid: number): void;
  /**
   * Other limits from now on: a spare worker has got its version. What the runtime without a function uses already comes
   * on top of them, and so do the threads that it will make later.
   */
  limit(limits: ResourceLimits, lateThreads?: number): void;
  /** The limit that was run into; null when none was. Before an exit it tells of children that were ended. */
  exceeded(): ExceededLimit | null;
  /** Whether others are served first where there is not enough of the processor for all. */
  yieldCpu(yields: boolean): void;
  /** Used now by all of it together, page cache included; null where nobody counts it. */
  memoryBytes(): number | null;
  /** Ends everything in it at once. */
  kill(): void;
  /** Takes it away after the last exit; a group still busy is tried again later. */
  remove(): void;
}

/** The groups of one server, by what the machine gives. */
export interface ResourceGroups {
  readonly how: 'cgroup2' | 'cgroup1' | 'rlimits';
  /** For people: what limits hold, and why not better ones. */
  readonly description: string;
  /** Whether `cpus` of limits holds. */
  readonly limitsCpu: boolean;
  open(name: string, limits: ResourceLimits): ResourceGroup;
  /** Removes every group of this server. */
  close(): void;
}
