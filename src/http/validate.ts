import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';

/**
 * Checks requests against their schemas: a body must have the types it should have, while paths and queries, being text,
 * are read as numbers and booleans. Unknown fields are refused, not dropped.
 */
export function validateRequests(app: FastifyInstance): void {
  const strict = createAjv(false);
  const reading = createAjv('array');
  app.setValidatorCompiler<AnySchema>(({ schema, httpPart }): ValidateFunction => {
    return (httpPart === 'body' ? strict : reading).compile(schema);
  });
}

function createAjv(coerceTypes: boolean | 'array'): Ajv {
  const ajv = new Ajv({ coerceTypes, useDefaults: true, removeAdditional: false, allErrors: false, strict: false });
  // Leap seconds and short offsets have the form of a time, and no date can stand for them.
  const { validate } = formats.default.get('date-time') as { validate: (text: string) => boolean };
  ajv.addFormat('date-time', (text: string) => validate(text) && !Number.isNaN(Date.parse(text)));
  return ajv;
}
