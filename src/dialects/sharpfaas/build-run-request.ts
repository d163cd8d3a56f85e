import { functionNamePattern, laneNamePattern } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import type { RunRequest } from '../../runs/run-request.js';
import { decryptPayload } from './decrypt-payload.js';

const functionNames = new RegExp(functionNamePattern);
const laneNames = new RegExp(laneNamePattern);

/** What a caller of RunFunction or of the hub asks for, its words not checked yet. */
export type AskedRun = RunRequest & {
  /** The payload is encrypted with the shared key. */
  encrypted: boolean;
};

/** The run as the rest of the server knows it. Throws a LanewayError for a name, version or payload that is not allowed. */
export function buildRunRequest({ encrypted, ...asked }: AskedRun, encryptionKey: string | null): RunRequest {
  checkNames(asked.function, asked.lane);
  const version = readVersionAsked(asked.version);
  const payload = encrypted && asked.payload !== null ? decryptPayload(asked.payload, encryptionKey) : asked.payload;
  // An empty text is what the old server handed on when there was no payload.
  return { ...asked, version, payload: payload === '' ? null : payload };
}

/** Throws `function_name_invalid` or `lane_name_invalid`. */
export function checkNames(functionName: string, lane: string): void {
  if (!functionNames.test(functionName)) throw new LanewayError('function_name_invalid', { value: functionName });
  if (!laneNames.test(lane)) throw new LanewayError('lane_name_invalid', { value: lane });
}

/**
 * A version as SharpFaas writes it: "0", "0.4" and blank are the current one, "1" and "1.0" the newest of major 1, leading
 * zeros count for nothing. What the old server took for 0 or cut off ("1.x", "1.2.3") is refused with `version_invalid`.
 */
export function readVersionAsked(text: string): string {
  const asked = text.trim();
  if (asked === '' || asked === 'latest') return asked;
  const match = /^([0-9]{1,9})(?:\.([0-9]{1,9}))?$/.exec(asked);
  if (match === null) throw new LanewayError('version_invalid', { value: text });
  const [major, minor] = [Number(match[1]), Number(match[2] ?? 0)];
  if (major === 0) return '0';
  return minor === 0 ? String(major) : `${major}.${minor}`;
}

/** `dll` or `exe` in small letters, blanks around them ignored; the numbers and lists that .NET's enums take are refused. */
export function readType(text: string): 'dll' | 'exe' | null {
  const type = text.trim();
  return type === 'dll' || type === 'exe' ? type : null;
}
