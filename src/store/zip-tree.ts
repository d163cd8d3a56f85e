import { LanewayError } from '../errors.js';
import type { EntryPath } from './zip-name.js';

interface Node {
  /** As first written. */
  part: string;
  /** A folder that is only implied by what lies in it may still be named once by an entry of its own. */
  kind: 'file' | 'folder' | 'implied';
  children: Map<string, Node> | null;
}

/**
 * The names of a zip as a tree, to find two that would meet on a disk: the same twice, different only in case or
 * Unicode form, or a file where another needs a folder. Folders that are only implied count against the limit too,
 * so that deep names can't make it large.
 */
export class ZipTree {
  readonly #root: Node = { part: '', kind: 'implied', children: null };
  readonly #limit: number;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws `zip_duplicate`, `zip_case_collision`, `zip_path_invalid` or `zip_too_many_entries`. */
  add({ name, parts, isFolder }: EntryPath): void {
    let node = this.#root;
    for (const [depth, part] of parts.entries()) {
      if (node.kind === 'file') this.#refuseFileAsFolder(name);
      node = this.#child(node, part, { name, parts: parts.slice(0, depth) });
    }
    if (isFolder && node.kind === 'file') this.#refuseFileAsFolder(name);
    if (!isFolder && node.kind !== 'file' && node.children !== null) this.#refuseFileAsFolder(name);
    if (node.kind !== 'implied') throw new LanewayError('zip_duplicate', { entry: name });
    node.kind = isFolder ? 'folder' : 'file';
  }

  #child(parent: Node, part: string, place: { name: string; parts: readonly string[] }): Node {
    parent.children ??= new Map();
    const key = foldName(part);
    const known = parent.children.get(key);
    if (known === undefined) return this.#grow(parent.children, key, part);
    if (known.part === part) return known;
    throw new LanewayError('zip_case_collision', { entry: place.name, other: [...place.parts, known.part].join('/') });
  }

  #grow(children: Map<string, Node>, key: string, part: string): Node {
    this.#size += 1;
    if (this.#size > this.#limit) throw new LanewayError('zip_too_many_entries', { limit: this.#limit });
    const node: Node = { part, kind: 'implied', children: null };
    children.set(key, node);
    return node;
  }

  #refuseFileAsFolder(entry: string): never {
    throw new LanewayError('zip_path_invalid', { entry, problem: 'it is a file and a folder at once' });
  }
}

/** Equal for names that a disk or another system could take for the same. */
function foldName(part: string): string {
  return part.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
