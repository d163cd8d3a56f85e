import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a link in its own temporary folder that leads out of it, and reads through it. */
export default function readThroughLink({ host, marker }) {
  const link = join(tmpdir(), marker);
  symlinkSync(host.file, link);
  try {
    return readFileSync(link, 'utf8');
  } finally {
    rmSync(link);
  }
}
