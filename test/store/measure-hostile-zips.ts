// Prints by how many MB the memory of a process grows at most while it refuses every hostile zip.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeInZip } from '../../src/store/take-in-zip.js';
import { hostileZips } from './hostile-zips.js';
import { helloZip, limits } from './open-test-store.js';

const folder = mkdtempSync(join(tmpdir(), 'laneway-hostile-'));
const about = { function: 'hello', type: null, limits };
const paths: string[] = [];
for (const [, , zip] of [['', '', helloZip] as const, ...hostileZips()]) {
  const path = join(folder, `${paths.length}.zip`);
  writeFileSync(path, zip);
  paths.push(path);
}
// Once before measuring, so that what is loaded and compiled on first use is not counted.
for (const path of paths.slice(0, 40)) await refuse(path);
globalThis.gc?.();
const before = process.memoryUsage();
let most = 0;
for (const path of paths) {
  await refuse(path);
  globalThis.gc?.();
  const now = process.memoryUsage();
  most = Math.max(most, now.heapUsed + now.external - before.heapUsed - before.external, now.rss - before.rss);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(String(Math.round(most / 2 ** 20)));

async function refuse(path: string): Promise<void> {
  const target = join(folder, 'files');
  await takeInZip(path, target, about).catch(() => {});
  rmSync(target, { recursive: true, force: true });
}
