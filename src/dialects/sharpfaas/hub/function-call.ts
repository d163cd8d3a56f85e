import { LanewayError } from '../../../errors.js';
import { readType } from '../build-run-request.js';

/** The arguments of the hub's one method, in order; the last two may be left out. */
export interface FunctionCall {
  function: string;
  lane: string;
  version: string;
  payload: string | null;
  encrypted: boolean;
  type: 'dll' | 'exe' | null;
}

const least = 4;
const most = 6;

/** Reads a call's arguments; `text` is the message they came in. Throws `bad_request` and `version_invalid`. */
export function readFunctionCall(args: unknown[], text: string): FunctionCall {
  if (args.length < least || args.length > most) {
    throw wrong(`FunctionHandler takes ${least} to ${most} arguments, not ${args.length}`);
  }
  const [functionName, lane, version, payload, encrypted, type] = args;
  if (typeof functionName !== 'string') throw wrong('functionName must be a string');
  if (typeof lane !== 'string') throw wrong('lane must be a string');
  if (!isNothing(payload) && typeof payload !== 'string') throw wrong('payload must be a string of JSON, or null');
  if (!isNothing(encrypted) && typeof encrypted !== 'boolean') throw wrong('payLoadEncrypted must be true or false');
  return {
    function: functionName,
    lane,
    version: readVersion(version, text),
    payload: typeof payload === 'string' ? payload : null,
    encrypted: encrypted === true,
    type: readTypeArgument(type),
  };
}

function readVersion(version: unknown, text: string): string {
  if (isNothing(version)) return '';
  if (typeof version === 'string') return version;
  // The number 1.10 is 1.1 once it is parsed, so the digits are taken from the text.
  if (typeof version === 'number') return argumentText(text, 2) ?? String(version);
  throw wrong('version must be a string, a number or null');
}

function readTypeArgument(type: unknown): FunctionCall['type'] {
  if (isNothing(type)) return null;
  const known = typeof type === 'string' ? readType(type) : null;
  // The old server's own words.
  if (known === null) throw wrong('Incorrect function type passed in');
  return known;
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function wrong(problem: string): LanewayError {
  return new LanewayError('bad_request', { problem });
}

/** The JSON text of a scalar argument, in a message that is known to be JSON. */
function argumentText(message: string, index: number): string | null {
  let depth = 0;
  let key: string | null = null;
  let place = -1;
  for (const [token] of message.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '{' || token === '[') {
      if (depth === 1 && key === '"arguments"' && token === '[') place = 0;
      depth += 1;
    } else if (token === '}' || token === ']') {
      depth -= 1;
      if (depth === 1) place = -1;
    } else if (depth === 2 && place >= 0 && token === ',') place += 1;
    else if (depth === 2 && place === index) return token;
    else if (depth === 1 && token !== ':' && token !== ',') key = token;
  }
  return null;
}
