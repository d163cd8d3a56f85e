import type { Type as TypeBox } from 'typebox';

export type { Static, TSchema } from 'typebox';

type Schema = object;
type Builder =
  | 'String'
  | 'Integer'
  | 'Number'
  | 'Boolean'
  | 'Null'
  | 'Unknown'
  | 'Array'
  | 'Union'
  | 'Object'
  | 'Record'
  | 'Unsafe'
  | 'Optional';

const isOptional = Symbol('optional');

/**
 * Builders of JSON schemas with TypeBox's types: the same calls, the same schemas. TypeBox's own are hundreds of modules,
 * which take a server longer to load than everything it does with them; here its types alone are used.
 */
export const Type: Pick<typeof TypeBox, Builder> = {
  String: (options) => ({ type: 'string', ...options }) as never,
  Integer: (options) => ({ type: 'integer', ...options }) as never,
  Number: (options) => ({ type: 'number', ...options }) as never,
  Boolean: (options) => ({ type: 'boolean', ...options }) as never,
  Null: () => ({ type: 'null' }) as never,
  Unknown: (options) => ({ ...options }) as never,
  Array: (items, options) => ({ type: 'array', items, ...options }) as never,
  Union: (anyOf, options) => ({ anyOf, ...options }) as never,
  Object: (properties, options) => ({ type: 'object', ...requiredOf(properties), properties, ...options }) as never,
  /** Of any keys, or of those that fit the key's pattern. */
  Record: (key, value, options) => ({ type: 'object', patternProperties: { [patternOf(key)]: value }, ...options }) as never,
  /** A schema whose type is said, not read from it. */
  Unsafe: (schema) => schema as never,
  Optional: (schema) => markOptional(schema) as never,
};

/** The mark is no part of the schema: it is not seen in its JSON, and what is made from a copy of it is not optional. */
function markOptional(schema: Schema): Schema {
  return Object.defineProperty({ ...schema }, isOptional, { value: true });
}

function requiredOf(properties: Record<string, Schema>): { required?: string[] } {
  const required = Object.keys(properties).filter((name) => !(isOptional in properties[name]!));
  return required.length === 0 ? {} : { required };
}

function patternOf(key: Schema): string {
  return 'pattern' in key ? String(key.pattern) : '^.*$';
}
