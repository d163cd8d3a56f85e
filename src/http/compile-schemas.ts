import { createRequire } from 'node:module';
import type { Ajv, AnySchema, ValidateFunction } from 'ajv';
import type { FastifyServerOptions } from 'fastify';

const require = createRequire(import.meta.url);

/**
 * Checks requests and writes replies by their schemas. Each is compiled when its route is first asked, and so are the
 * libraries that compile loaded: most routes of a server are never asked, and all of them together take it as long as the
 * rest of its start.
 */
export function compileOnFirstUse(): SchemaController {
  const { compileValidator, compileSerializer } = schemaCompilers();
  const factories = {
    buildValidator: () => (route: Route) => validatorOf(() => compileValidator(route)),
    buildSerializer: () => (route: Route) => serializerOf(() => compileSerializer(route)),
  };
  // Fastify's types of them are those of its own compilers, which take more than it hands in.
  return { compilersFactory: factories } as unknown as SchemaController;
}

/** What compiles one schema at once. */
export function schemaCompilers(): {
  compileValidator: (route: Route) => ValidateFunction;
  compileSerializer: (route: Route) => Serialize;
} {
  return { compileValidator: validatorCompiler(), compileSerializer: serializerCompiler() };
}

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;

interface Route {
  schema: AnySchema;
  httpPart?: string;
}

type Serialize = (value: unknown) => string;

/** Fastify reads the problems off the function that it has called. */
function validatorOf(compile: () => ValidateFunction): { (value: unknown): boolean; errors?: ValidateFunction['errors'] } {
  let compiled: ValidateFunction | null = null;
  const validate: ReturnType<typeof validatorOf> = (value) => {
    compiled ??= compile();
    const fits = compiled(value);
    validate.errors = compiled.errors;
    return fits;
  };
  return validate;
}

function serializerOf(compile: () => Serialize): Serialize {
  let compiled: Serialize | null = null;
  return (value) => (compiled ??= compile())(value);
}

/**
 * A body must have the types it should have, while paths and queries, being text, are read as numbers and booleans.
 * Unknown fields are refused, not dropped.
 */
function validatorCompiler(): (route: Route) => ValidateFunction {
  let strict: Ajv | null = null;
  let reading: Ajv | null = null;
  return ({ schema, httpPart }) =>
    (httpPart === 'body' ? (strict ??= createAjv(false)) : (reading ??= createAjv('array'))).compile(schema);
}

function createAjv(coerceTypes: boolean | 'array'): Ajv {
  const { Ajv: Compiler } = require('ajv') as typeof import('ajv');
  const formats = require('ajv-formats') as typeof import('ajv-formats');
  const ajv = new Compiler({ coerceTypes, useDefaults: true, removeAdditional: false, allErrors: false, strict: false });
  // Leap seconds and short offsets have the form of a time, and no date can stand for them.
  const { validate } = formats.default.get('date-time') as { validate: (text: string) => boolean };
  ajv.addFormat('date-time', (text: string) => validate(text) && !Number.isNaN(Date.parse(text)));
  return ajv;
}

/** By the library that Fastify brings along, wherever that lies. */
function serializerCompiler(): (route: Route) => Serialize {
  let compile: ((route: Route) => Serialize) | null = null;
  return (route) => (compile ??= loadSerializers()(undefined, {}))(route);
}

type BuildSerializer = (schemas: undefined, options: object) => (route: Route) => Serialize;

function loadSerializers(): BuildSerializer {
  const requireAsFastify = createRequire(require.resolve('fastify'));
  const { SerializerSelector: select } = requireAsFastify('@fastify/fast-json-stringify-compiler') as {
    SerializerSelector: () => BuildSerializer;
  };
  return select();
}
