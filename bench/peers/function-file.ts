import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from './start-peer.js';

/** Starts a peer on a folder with one CommonJS file `index.js`, and removes the folder when the peer is stopped. */
export async function withFunctionFile(code: string, start: (folder: string) => Promise<Peer>): Promise<Peer> {
  return withFolder({ 'index.js': code, 'package.json': '{"main":"index.js"}' }, start);
}

/** Starts a peer on a folder with these files, and removes the folder when the peer is stopped. */
export async function withFolder(files: Record<string, string>, start: (folder: string) => Promise<Peer>): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'laneway-bench-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const peer = await start(folder);
    return {
      ...peer,
      async stop() {
        await peer.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
