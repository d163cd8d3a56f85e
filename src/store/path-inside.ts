import { join } from 'node:path';

/** Joins single names to a folder; makes sure again, at the place of use, that no name leads out of it. */
export function pathInside(folder: string, ...names: string[]): string {
  const wrong = names.find((name) => name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is not the name of a file`);
  return join(folder, ...names);
}
