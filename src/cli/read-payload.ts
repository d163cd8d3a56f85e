import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommandError, exitCode } from './exit-code.js';

/** The JSON text of `--payload`: as given, from `@file`, or from standard input for `-`; undefined when there is none. */
export async function readPayload(given: string | undefined): Promise<string | undefined> {
  if (given === undefined) return undefined;
  const json = await readSource(given);
  try {
    JSON.parse(json);
  } catch (error) {
    throw new CommandError(
      exitCode.usage,
      `the payload is not JSON: ${(error as Error).message}`,
      `a text needs quotes: --payload '"text"'`,
    );
  }
  return json;
}

async function readSource(given: string): Promise<string> {
  if (given === '-') return text(process.stdin);
  if (!given.startsWith('@')) return given;
  try {
    return await readFile(given.slice(1), 'utf8');
  } catch (error) {
    throw new CommandError(
      exitCode.usage,
      `the payload can not be read: ${(error as Error).message}`,
      'give the path after the @',
    );
  }
}
