import type { Manifest } from './manifest.js';
import type { FailureReason, Isolation, Runtime } from './words.js';

/** A version that is unpacked on this server's disk and can be run. */
export interface DeployedVersion {
  function: string;
  lane: string;
  /** `major.minor` */
  version: string;
  /** Unique for this version in this installation: `<function>/<lane>/<version>`. */
  key: string;
  /** Absolute path of the unpacked tree. */
  folder: string;
  manifest: Manifest;
  /** What the manifest and the file list led to; a caller's entry file or type may override it, see `Attempt.entry`. */
  entry: Entry;
  /** `.py`, `.mjs`... files and others at the root of the zip, for entries that a caller names. Relative, `/`-separated. */
  files: readonly string[];
}

/** The file to load and what loads it. */
export interface Entry {
  runtime: Runtime;
  /** Relative to the version's folder, `/`-separated. */
  file: string;
  /** The export or function to call; absent means the runtime's own order of search. */
  handler?: string;
}

/** What a run hands to its function besides the payload. */
export interface Invocation {
  callerId: string | null;
  /** JSON text exactly as received; `null` when there was no body. */
  payload: string | null;
  /** Request path, for the SharpFaas envelope. */
  url: string;
  /** Headers as received, lower-case names, credentials already removed. */
  headers: Readonly<Record<string, string>>;
  /** Query parameters as received. */
  parameters: Readonly<Record<string, string>>;
}

/** One attempt of one run, ready to be carried out. */
export interface Attempt extends Invocation {
  runId: string;
  /** 1 for the first. */
  attempt: number;
  version: DeployedVersion;
  entry: Entry;
  isolation: Isolation;
  /** From the manifest, the caller or the default, already bounded. */
  timeoutMs: number;
  /** W3C trace context for the function: its trace, with this attempt as the parent. Null when nothing is run. */
  traceparent: string | null;
  /** Waiting for a free worker: `bounded` refuses with 429/503 when the line is full, `patient` (queued runs) waits. */
  wait: 'bounded' | 'patient';
}

/** What an attempt says while it runs. Calls come in order; nothing comes after the outcome. */
export interface AttemptSink {
  log(stream: LogStream, text: string): void;
  progress(fraction: number, message: string): void;
  /** JSON text of one streamed value, or the raw text an executable wrote. */
  chunk(data: string): void;
}
export type LogStream = 'stdout' | 'stderr' | 'info' | 'warn' | 'error';

/** Why a worker had to be started: `null` when a warm one was used. `other_version`: the lane has workers, of other versions. */
export type ColdReason = 'first_call' | 'other_version' | 'all_busy' | 'fresh' | 'worker_ended' | 'idle_retired';

export interface AttemptTimings {
  cold: ColdReason | null;
  /** Milliseconds waiting for a worker, starting and loading it, and running the function. */
  waitMs: number;
  startMs: number;
  runMs: number;
}

export type AttemptOutcome =
  | { ok: true; result: string | null; timings: AttemptTimings }
  | { ok: false; reason: FailureReason | 'cancelled'; message: string; exitCode?: number; timings: AttemptTimings };

/** An HTTP exchange handed to a function that speaks `fetch`, both bodies streamed. */
export interface HttpExchange {
  method: string;
  /** Absolute URL as the client asked for it. */
  url: string;
  headers: readonly (readonly [string, string])[];
  body: AsyncIterable<Uint8Array> | null;
  /** Called once, before the first chunk. */
  onHead(status: number, headers: readonly (readonly [string, string])[]): void;
  /** Resolves when more may be sent (back pressure). */
  onChunk(chunk: Uint8Array): Promise<void>;
}

/** How a loaded module wants to be called. */
export type CallingConvention = 'payload' | 'fetch';

/** Carries attempts out. Never throws for what a function does: that is an outcome. */
export interface Executor {
  /** Rejects only with a LanewayError of refusal (busy, isolation not available), before anything was run. */
  execute(attempt: Attempt, sink: AttemptSink): Promise<AttemptOutcome>;
  /** As `execute`, for functions whose convention is `fetch`. */
  exchange(attempt: Attempt, exchange: HttpExchange, sink: AttemptSink): Promise<AttemptOutcome>;
  /** Loads the version if nothing is known of it yet, and tells how it is called. A load that fails is `payload`: the run will show why. */
  conventionOf(version: DeployedVersion, entry: Entry, isolation: Isolation): CallingConvention | Promise<CallingConvention>;
  /** Ends the attempt of this run as `cancelled`; nothing happens when it is not here. */
  cancel(runId: string): void;
  /** The version (by `DeployedVersion.key`) was deleted: no worker of it is used again. */
  retire(versionKey: string): void;
  /** Stops taking work, ends what is left after `graceMs`, leaves no process behind. */
  close(graceMs: number): Promise<void>;
}
