// `npm start` in a fresh clone has nothing compiled; later ones should not pay for a build.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist/src/main.js');
const sources = join(root, 'src');

if (existsSync(sources) && (!existsSync(stamp) || newestSource() > statSync(stamp).mtimeMs)) await import('./build.js');

function newestSource() {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(sources, file)).mtimeMs));
}
