import { LanewayError } from '../errors.js';

/** A disk that is full or fails as the refusal that the caller is told; any other error as it is. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new LanewayError('store_full', {}, { cause: error });
  return new LanewayError('store_unavailable', { problem: `the disk says ${String(error.code)}` }, { cause: error });
}

/** True for "it is not there". */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** For listings of what may not be there: the fallback then, any other error as it is. */
export async function unlessMissing<Value, Fallback>(work: Promise<Value>, fallback: Fallback): Promise<Value | Fallback> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return fallback;
    throw error;
  }
}
