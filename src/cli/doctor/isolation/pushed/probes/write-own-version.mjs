import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Puts a file into the folder of its own version, which is to stay as it was pushed. */
export default function writeOwnVersion({ marker }) {
  const file = fileURLToPath(new URL(marker, import.meta.url));
  writeFileSync(file, marker);
  return file;
}
