import type { RunContext } from './run-context.js';

/** A loaded module, ready to be called in the way it asked for. */
export type Callable =
  | { convention: 'payload'; call: (payload: unknown, context: RunContext) => unknown }
  | { convention: 'fetch'; call: (request: Request, context: RunContext) => unknown };

type Members = Record<string, unknown>;
type AnyFunction = (...values: unknown[]) => unknown;

/**
 * What to call in a module, first of: a `FunctionHandler` class with `executeAsync`, a function as default export or
 * `handler`, a default export with `fetch`. With `handler` given, that export alone. Null when there is nothing.
 */
export function findCallable(module: Members, handler: string | null): Callable | null {
  const faces = facesOf(module);
  if (handler !== null) return firstOf(faces, (face) => asCallable(face[handler], face));
  return (
    firstOf(faces, (face) => asHandlerClass(face['FunctionHandler'])) ??
    firstOf(faces, (face) => (nameOf(face) === 'FunctionHandler' ? asHandlerClass(face) : null)) ??
    firstOf(faces, (face) => asPlainFunction(face, undefined)) ??
    firstOf(faces, (face) => asPlainFunction(face['handler'], face)) ??
    firstOf(faces.slice(1), (face) => asFetch(face))
  );
}

/** A sentence for the one who pushed it: what was looked for and what is there. */
export function nothingCallable(module: Members, file: string, handler: string | null): string {
  const sought =
    handler === null
      ? 'a FunctionHandler class with executeAsync, a function as default export or `handler`, or a default export with fetch'
      : `an export \`${handler}\` that is a function, a class with executeAsync or an object with fetch`;
  const names = facesOf(module).flatMap((face) => Object.entries(face).map(([name, value]) => `${name} (${typeof value})`));
  const found = [...new Set(names)].slice(0, 20).join(', ');
  return `${file} has nothing to call: looked for ${sought}; found ${found === '' ? 'no exports' : `exports ${found}`}`;
}

/** The module itself, its default export (CommonJS: `module.exports`), and the default of that (CommonJS made by a compiler). */
function facesOf(module: Members): Members[] {
  const faces: Members[] = [module];
  for (let face = module['default'], depth = 0; isMembers(face) && depth < 2; face = face['default'], depth += 1)
    faces.push(face);
  return faces;
}

function isMembers(value: unknown): value is Members {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function firstOf<Found>(faces: Members[], look: (face: Members) => Found | null): Found | null {
  for (const face of faces) {
    const found = look(face);
    if (found !== null) return found;
  }
  return null;
}

function asCallable(value: unknown, owner: Members): Callable | null {
  return asHandlerClass(value) ?? asPlainFunction(value, owner) ?? (isMembers(value) ? asFetch(value) : null);
}

function asHandlerClass(value: unknown): Callable | null {
  if (typeof value !== 'function' || !isMembers(value['prototype'])) return null;
  if (typeof value['prototype']['executeAsync'] !== 'function') return null;
  const instance = new (value as unknown as new () => { executeAsync: AnyFunction })();
  return { convention: 'payload', call: (payload, context) => instance.executeAsync(payload, context) };
}

function asPlainFunction(value: unknown, owner: unknown): Callable | null {
  if (typeof value !== 'function' || /^class\b/.test(Function.prototype.toString.call(value))) return null;
  return { convention: 'payload', call: (payload, context) => Reflect.apply(value, owner, [payload, context]) as unknown };
}

function asFetch(value: Members): Callable | null {
  if (typeof value['fetch'] !== 'function') return null;
  return { convention: 'fetch', call: (request, context) => (value['fetch'] as AnyFunction)(request, context) };
}

function nameOf(value: Members): unknown {
  return typeof value === 'function' ? (value as { name: string }).name : null;
}
