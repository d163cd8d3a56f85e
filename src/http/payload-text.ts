import { LanewayError } from '../errors.js';

/** A payload from a parsed body as JSON text again. It was parsed, but what is nested very deep can't be written: `payload_invalid`. */
export function payloadText(payload: unknown): string {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    throw new LanewayError('payload_invalid', { problem: 'it is nested too deep' }, { cause: error });
  }
}
