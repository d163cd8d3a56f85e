import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import type { LoadMessage } from '../messages.js';
import { describeError } from './describe-error.js';
import { findCallable, nothingCallable, type Callable } from './find-callable.js';

/** Why a version can't be run; the message is for the one who pushed it. */
export class LoadError extends Error {
  override name = 'LoadError';
  readonly reason: 'bad_artifact' | 'function_error';

  constructor(reason: 'bad_artifact' | 'function_error', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Loads the entry of a version. Rejects with LoadError. */
export async function loadFunction(load: LoadMessage): Promise<Callable> {
  Object.assign(process.env, load.env);
  Object.freeze(load.env);
  const file = join(load.folder, load.file);
  // A thread shares its working folder with the server.
  if (isMainThread) process.chdir(load.folder);
  const module = await importEntry(file, load);
  const callable = findIn(module, load);
  if (callable === null) throw new LoadError('bad_artifact', nothingCallable(module, load.file, load.handler));
  return callable;
}

async function importEntry(file: string, load: LoadMessage): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (!isThere) throw new LoadError('bad_artifact', `the entry ${load.file} is not there`);
    throw new LoadError(
      isArtifactFault(error) ? 'bad_artifact' : 'function_error',
      `${load.file} does not load: ${describeError(error)}`,
    );
  }
}

function findIn(module: Record<string, unknown>, load: LoadMessage): Callable | null {
  try {
    return findCallable(module, load.handler);
  } catch (error) {
    throw new LoadError('function_error', `the constructor of ${load.file} failed: ${describeError(error)}`);
  }
}

/** Faults that lie in the zip; anything else thrown while loading may pass (a database that is away). */
function isArtifactFault(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_FILE_EXTENSION';
}
