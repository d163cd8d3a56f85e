import { inspect } from 'node:util';

const longest = 8000;

/** `Type: message` of anything thrown, for the run's outcome. */
export function describeError(error: unknown): string {
  try {
    return (isError(error) ? `${error.name}: ${error.message}` : `thrown: ${inspect(error)}`).slice(0, longest);
  } catch {
    return 'thrown: something that can not be described';
  }
}

/** The whole story of anything thrown, for the run's log. */
export function describeFully(error: unknown): string {
  try {
    return `${inspect(error)}\n`;
  } catch {
    return `${describeError(error)}\n`;
  }
}

/** Errors of other realms (vm contexts) are no `instanceof Error`. */
function isError(error: unknown): error is Error {
  return error instanceof Error || Object.prototype.toString.call(error) === '[object Error]';
}
