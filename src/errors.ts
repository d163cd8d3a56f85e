/**
 * Every refusal this server can give: CODE, status, message. Placeholders in braces are filled from the details.
 * docs/errors.md lists the same table; a test compares them. A code is never given another meaning.
 */
export const errorTable = {
  // Words in a request
  bad_request: [400, 'The request is not understood: {problem}.'],
  validation_failed: [400, 'The request does not fit: {problem}.'],
  function_name_invalid: [
    400,
    'Function name {value} is not allowed: 1 to 128 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".',
  ],
  lane_name_invalid: [
    400,
    'Lane name {value} is not allowed: 1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit, without "..".',
  ],
  version_invalid: [
    400,
    'Version {value} is not allowed: use nothing, "latest", a major such as "2", or "major.minor" such as "2.7".',
  ],
  run_id_invalid: [400, 'Run id {value} is not a GUID.'],
  payload_invalid: [400, 'The payload is not JSON: {problem}.'],
  payload_not_decrypted: [400, 'The payload could not be decrypted: {problem}.'],
  body_missing: [400, 'The request needs a body: {problem}.'],
  upload_truncated: [400, 'The upload ended before its end: {problem}.'],
  method_not_allowed: [405, 'Method {method} is not allowed here; allowed: {allowed}.'],
  media_type_not_supported: [415, 'Content type {value} is not supported here; use {allowed}.'],
  body_too_large: [413, 'The body is larger than the limit of {limit} bytes.'],
  headers_too_large: [431, 'The headers are larger than the limit of {limit} bytes.'],
  request_timeout: [408, 'The request did not arrive whole in time: {limit} ms.'],
  route_not_found: [404, 'There is nothing at {method} {path}.'],

  // Who asks
  key_missing: [401, 'This needs a key: send it as "Authorization: Bearer lw_...".'],
  key_invalid: [401, 'The key is not known, revoked or expired.'],
  scope_missing: [403, 'The key has no "{scope}" scope.'],
  key_not_for_function: [403, 'The key is not for function {function} in lane {lane}.'],
  rate_limited: [429, 'The key has used its {limit} requests a minute; try again in {seconds} s.'],
  key_concurrency: [429, 'The key has {limit} calls under way, which is its limit.'],
  connection_not_found: [404, 'There is no such connection: negotiate a new one.'],
  key_not_found: [404, 'There is no key {id}, or it was revoked before.'],

  // The zip
  zip_invalid: [400, 'The file is not a readable zip: {problem}.'],
  zip_too_large: [413, 'The zip is larger than the limit of {limit} bytes.'],
  zip_too_many_entries: [400, 'The zip has more than {limit} entries.'],
  zip_unpacked_too_large: [400, 'The zip unpacks to more than the limit of {limit} bytes.'],
  zip_ratio: [400, 'Entry {entry} unpacks to more than {limit} times its packed size.'],
  zip_size_lie: [400, 'Entry {entry} does not have the size or checksum that the zip says.'],
  zip_path_escape: [400, 'Entry {entry} leads out of its folder.'],
  zip_path_absolute: [400, 'Entry {entry} has an absolute or drive path.'],
  zip_path_invalid: [400, 'Entry {entry} has a path that is not allowed: {problem}.'],
  zip_symlink: [400, 'Entry {entry} is a symbolic link; links are not allowed.'],
  zip_device: [400, 'Entry {entry} is neither a file nor a folder.'],
  zip_duplicate: [400, 'Entry {entry} is there twice.'],
  zip_case_collision: [400, 'Entries {entry} and {other} differ only in letter case or Unicode form.'],
  zip_encrypted: [400, 'Entry {entry} is encrypted.'],
  zip_empty: [400, 'The zip has no files.'],
  manifest_invalid: [400, 'laneway.json is not valid: {problem}.'],
  manifest_unsupported: [400, 'laneway.json asks for {field}, which this server does not have: {problem}.'],
  entry_missing: [400, 'There is no entry to run: {problem}.'],
  dotnet_not_supported: [
    400,
    'The zip holds only .NET assemblies ({entry}). Laneway runs Node modules, Python files and Linux executables.',
  ],

  // The store
  function_not_found: [404, 'There is no function {function}.'],
  function_name_case: [409, 'Function or lane {value} differs only in letter case from {existing}.'],
  lane_not_found: [404, 'Function {function} has no lane {lane}.'],
  version_not_found: [404, 'Function {function} has no version {version} in lane {lane}.'],
  version_in_use: [409, 'Version {version} of {function} in lane {lane} is needed by {user}.'],
  split_invalid: [400, 'The split is not valid: {problem}.'],
  store_unavailable: [503, 'The function store does not answer: {problem}.'],
  store_full: [507, 'There is no space left in the function store.'],
  bad_artifact: [500, 'Version {version} of {function} in lane {lane} is damaged in the store: {problem}.'],

  // Runs
  run_not_found: [404, 'There is no run {id}.'],
  run_id_in_use: [409, 'Run id {id} is in use.'],
  result_missing: [404, 'Run {id} has no result: it is {state}.'],
  payload_missing: [404, 'The payload of run {id} is not kept (any more).'],
  run_ended: [409, 'Run {id} has ended as {state} already.'],
  not_dead_letter: [409, 'Run {id} is no dead letter: it did not fail, or it was redriven or purged before.'],
  queue_full: [429, '{scope} has {limit} runs queued, which is its limit.'],
  idempotency_conflict: [409, 'Idempotency key {key} was used for another request before; it started run {id}.'],
  idempotency_invalid: [400, 'The idempotency key is not allowed: 1 to 255 printable ASCII characters.'],
  schedule_not_found: [404, 'There is no schedule {id}.'],
  schedule_exists: [409, 'Function {function} has a schedule {name} in lane {lane} already.'],
  schedule_of_manifest: [
    409,
    'Schedule {name} of {function} in lane {lane} comes from laneway.json: it is changed by a push, and can be paused here.',
  ],
  schedule_invalid: [400, 'The schedule is not valid: {problem}.'],
  limits_not_found: [404, 'There are no limits of their own for {target}.'],
  too_many_subscribers: [409, 'Event {event} has {count} subscribers; {limit} is the limit.'],
  destination_invalid: [400, 'The destination is not allowed: {problem}.'],
  isolation_unavailable: [409, 'Isolation {isolation} can not be had on this server: {problem}.'],
  function_busy: [429, 'Function {function} has {limit} calls waiting, which is the limit.'],
  server_busy: [503, 'The server has no room for another run: {problem}.'],
  shutting_down: [503, 'The server is shutting down.'],
  records_unavailable: [503, 'The records do not answer: {problem}.'],
  queue_unavailable: [503, 'The queue does not answer: {problem}.'],
  too_many_followers: [503, 'The server follows {limit} streams, which is the limit.'],
  secret_not_found: [404, 'There is no secret {name}.'],
  secret_unreadable: [
    500,
    'Secret {name} can not be opened with the key this server has; its LANEWAY_SECRET_KEY or secret-key file is another one.',
  ],
  secret_name_invalid: [400, 'Secret name {value} is not allowed: a letter or _, then letters, digits and _, 128 long at most.'],

  // How a run failed, as a status of a sync call
  run_function_error: [500, 'The function failed: {message}'],
  run_timeout: [504, 'The function was ended: {message}'],
  run_out_of_memory: [500, 'The function was ended: {message}'],
  run_exit_code: [500, 'The function failed: {message}'],
  run_worker_lost: [500, 'The worker was lost: {message}'],
  run_bad_artifact: [500, 'The version can not be run: {message}'],
  run_no_executor: [503, 'Nothing can carry the run out: {message}'],
  run_result_too_large: [500, 'The result is too large: {message}'],
  run_cancelled: [499, 'The run was cancelled.'],
  run_expired: [504, 'The run expired before it could start.'],

  internal: [500, 'Something went wrong on the server; its log has the request id.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof errorTable;
export type ErrorDetails = Record<string, string | number | boolean | null>;

/** A refusal that the caller is told as it is; every other error is `internal` to a caller. */
export class LanewayError extends Error {
  override name = 'LanewayError';
  readonly status: number;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Whole seconds for a Retry-After header, on 429 and 503. */
  readonly retryAfter: number | null;

  constructor(code: ErrorCode, details: ErrorDetails = {}, more: { cause?: unknown; retryAfter?: number } = {}) {
    const [status, message] = errorTable[code];
    super(fillIn(message, details), more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.status = status;
    this.details = details;
    this.retryAfter = more.retryAfter ?? (status === 429 || status === 503 ? 1 : null);
  }
}

/** The message of anything that was thrown, for logs and `problem` details. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fillIn(message: string, details: ErrorDetails): string {
  return message.replace(/\{(\w+)\}/g, (_, name: string) => shown(details[name]));
}

/** Long or unprintable input must not get into logs and answers as it came. */
function shown(value: ErrorDetails[string] | undefined): string {
  if (typeof value !== 'string') return String(value);
  const printable = value.replace(/[\p{C}\u2028\u2029]/gu, '\uFFFD');
  return printable.length > 300 ? `${printable.slice(0, 300)}…` : printable;
}
