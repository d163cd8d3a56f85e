import { LanewayError } from '../errors.js';
import { getFileNameLowLevel, type Entry } from 'yauzl';

const maxNameBytes = 1024;
const maxPartBytes = 255;
const maxDepth = 64;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/;

/** Where an entry goes: the parts of its path, each one harmless. */
export interface EntryPath {
  /** As the zip names it, for messages. */
  name: string;
  parts: readonly string[];
  isFolder: boolean;
}

/** Reads and checks an entry's name. Throws `zip_path_absolute`, `zip_path_escape` or `zip_path_invalid`. */
export function readEntryPath(entry: Entry): EntryPath {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  refuseUnreadable(name, entry);
  if (/^[/\\]/.test(name) || /^[A-Za-z]:/.test(name)) throw new LanewayError('zip_path_absolute', { entry: name });
  const isFolder = name.endsWith('/');
  const parts = (isFolder ? name.slice(0, -1) : name).split('/');
  if (parts.some((part) => part.split('\\').includes('..'))) throw new LanewayError('zip_path_escape', { entry: name });
  if (parts.length > maxDepth) refuse(name, `it is more than ${maxDepth} folders deep`);
  for (const part of parts) refusePart(part, name);
  return { name, parts, isFolder };
}

/** Control characters are looked for in the bytes too: the old code page shows them as pictures. */
function refuseUnreadable(name: string, { fileNameRaw }: Entry): void {
  if (control.test(name) || fileNameRaw.some((byte) => byte < 0x20 || byte === 0x7f)) refuse(name, 'it has control characters');
  if (name.includes('\uFFFD')) refuse(name, 'it is not valid UTF-8');
  if (Buffer.byteLength(name) > maxNameBytes) refuse(name, `it is longer than ${maxNameBytes} bytes`);
}

function refusePart(part: string, name: string): void {
  if (part === '' || part === '.') refuse(name, 'it has an empty part or "."');
  if (part.includes('\\')) refuse(name, 'it has a backslash; paths are separated by "/"');
  if (/[. ]$|^ /.test(part)) refuse(name, 'a part of it begins with a blank or ends with a blank or dot');
  if (Buffer.byteLength(part) > maxPartBytes) refuse(name, `a part of it is longer than ${maxPartBytes} bytes`);
}

function refuse(entry: string, problem: string): never {
  throw new LanewayError('zip_path_invalid', { entry, problem });
}
