import { LanewayClientError } from '../client/laneway-client.js';
import { CommandError, exitCode, type ExitCode } from './exit-code.js';

export interface Explanation {
  exitCode: ExitCode;
  code: string;
  message: string;
  /** What to do next. */
  next: string | null;
}

/** Turns anything that was thrown into what a user needs to hear. */
export function explainError(error: unknown): Explanation {
  if (error instanceof CommandError)
    return { exitCode: error.exitCode, code: 'command', message: error.message, next: error.next };
  if (error instanceof LanewayClientError) {
    return { exitCode: exitCodeOf(error), code: error.code, message: error.message, next: nextStep(error) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: exitCode.failed, code: 'command', message, next: null };
}

function exitCodeOf({ code, status }: LanewayClientError): ExitCode {
  if (code === 'unreachable' || code === 'not_laneway') return exitCode.unreachable;
  return status === 401 || status === 403 ? exitCode.refused : exitCode.failed;
}

const nextSteps: Record<string, string> = {
  unreachable: 'start a server with `npm start` (or `fas serve`), or say where one runs with LANEWAY_URL or --url',
  not_laneway: 'say where the server runs with LANEWAY_URL or --url',
  key_missing: "set LANEWAY_KEY (or --key) to a key; the first admin key lies in the file admin-key of the server's data folder",
  key_invalid: 'set LANEWAY_KEY (or --key) to a key of this server; an admin can make a new one',
  scope_missing: 'use a key that has this scope',
  key_not_for_function: 'use a key for this function and lane',
  function_name_invalid: 'give another name with --name',
  run_id_invalid: 'give the id that `fas run` printed',
  function_not_found: '`fas list` shows what there is; `fas push` adds to it',
  lane_not_found: '`fas list NAME` shows the lanes of a function',
  run_not_found: '`fas runs list` shows what there is',
  not_dead_letter: '`fas dead-letters list` shows those that are',
  limits_not_found: '`fas limits get NAME` shows those there are',
  queue_full: '`fas limits get NAME` shows the limits; try again when some have run',
  schedule_not_found: '`fas schedules` shows what there is',
  schedule_exists: 'give another name with --name, or remove the other one with `fas schedules remove`',
  schedule_of_manifest: '`fas schedules pause` holds it; change `schedule` in laneway.json and push',
  version_not_found: '`fas list NAME` shows the lanes and versions of a function',
};

function nextStep({ code, retryAfter }: LanewayClientError): string | null {
  return nextSteps[code] ?? (retryAfter === null ? null : `try again in ${retryAfter} s`);
}
