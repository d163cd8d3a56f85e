// Compiles src/ and test/ into dist/ and copies what is not TypeScript beside it.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
removeOrphans();
const compiled = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
copyAssets('src');

/** Python workers and SQL files are loaded from beside the compiled code. */
function copyAssets(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) copyAssets(path);
    else if (!path.endsWith('.ts')) cpSync(join(root, path), join(root, 'dist', path));
  }
}

/** A compiled file whose source is gone would go on being tested and shipped: then everything is compiled anew. */
function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  const orphan = readdirSync(dist, { recursive: true, encoding: 'utf8' }).find(
    (file) => file.endsWith('.js') && !existsSync(join(root, file.replace(/\.js$/, '.ts'))) && !existsSync(join(root, file)),
  );
  if (orphan !== undefined) rmSync(dist, { recursive: true });
}
