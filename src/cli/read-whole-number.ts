import { CommandError, exitCode } from './exit-code.js';

/** The whole number that an option was given; undefined when it was not. */
export function readWholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?[0-9]{1,12}$/.test(text)) return Number(text);
  throw new CommandError(exitCode.usage, `${JSON.stringify(text)} is no whole number`, `write it like ${option} 10`);
}
