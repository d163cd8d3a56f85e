import { Type, type Static, type TSchema } from './schema.js';

/** A function's name: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, never containing "..". */
export const functionNamePattern = '^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
/** A lane's name: as a function's, up to 64 long. */
export const laneNamePattern = '^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
/** A stored version: two numbers without leading zeros, both at least 1 for versions pushed here. */
export const versionPattern = '^(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})$';
/** What a caller may ask for: nothing, `0`, `latest`, `N`, `N.0` or an exact `N.M`. */
export const versionAskedPattern = '^(|latest|[0-9]{1,9}(\\.[0-9]{1,9})?)$';
/** A run's id: a lower-case GUID with dashes. */
export const runIdPattern = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

export const defaultLane = 'latest';

export const FunctionName = Type.String({ pattern: functionNamePattern, description: "A function's name." });
export const LaneName = Type.String({ pattern: laneNamePattern, description: "A lane's name; `latest` by default." });
export const VersionText = Type.String({ pattern: versionPattern, description: 'A version, `major.minor`.' });
export const RunId = Type.String({ pattern: runIdPattern, description: "A run's id: a lower-case GUID." });

export const runtimes = ['node', 'python', 'executable'] as const;
export type Runtime = (typeof runtimes)[number];

/** From the weakest wall to the strongest; `auto` in settings and manifests means the strongest that was proved at start. */
export const isolations = ['thread', 'process', 'confined', 'sandbox'] as const;
export type Isolation = (typeof isolations)[number];

/** `queued` and `running` are open; the other four are ends, and a run reaches exactly one of them. */
export const runStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const;
export type RunState = (typeof runStates)[number];

/** Why a run ended `failed`. */
export const failureReasons = [
  'function_error',
  'timeout',
  'out_of_memory',
  'exit_code',
  'worker_lost',
  'bad_artifact',
  'no_executor',
  'result_too_large',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** `sync`: answered in the same request, on the server that received it. `queued`: accepted durably, carried out by any server. */
export const runModes = ['sync', 'queued'] as const;
export type RunMode = (typeof runModes)[number];

export const scopes = ['push', 'run', 'read', 'serve', 'admin'] as const;
/** What a key may do; `serve` is registering as an engine worker or virtual function. */
export type Scope = (typeof scopes)[number];

/** A string schema that admits the given words only. */
export function oneOf<const Words extends readonly string[]>(words: Words, description: string) {
  return Type.Unsafe<Words[number]>(Type.String({ enum: [...words], description }));
}

/** A time as the native API writes it: RFC 3339 in UTC with milliseconds. */
export const Timestamp = Type.String({ format: 'date-time' });
export type Timestamp = Static<typeof Timestamp>;

/** A schema that also admits null. */
export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}
