import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { exitCode, type ExitCode } from '../exit-code.js';
import { packFolder } from '../pack-folder.js';
import type { Session } from '../session.js';

interface PackOptions {
  output?: string;
}

/** Writes the zip of a folder; the file appears whole or not at all. */
export async function run([folder = '.']: readonly string[], options: PackOptions, session: Session): Promise<ExitCode> {
  const output = options.output ?? `${basename(resolve(folder)) || 'function'}.zip`;
  const { zip, files } = await packFolder(folder, output);
  const temporary = `${output}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, zip);
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true });
  }
  const facts = { file: output, files, size_bytes: zip.length };
  session.print(session.json ? JSON.stringify(facts) : `${output}: ${files} files, ${zip.length} bytes`);
  return exitCode.ok;
}
