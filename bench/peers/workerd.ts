import { arch, platform } from 'node:os';
import { withFolder } from './function-file.js';
import { peerFile } from './packages.js';
import { startProgram, type Peer } from './start-peer.js';

/**
 * Cloudflare's workerd with two workers: an echo, and one that loads another worker for each path it has not seen before.
 * The loaded one's code comes from memory, where Laneway reads it from its disk.
 */
export function startWorkerd(): Promise<Peer> {
  return withFolder({ 'config.capnp': config, 'worker.js': worker }, (folder) =>
    startProgram({
      command: peerFile(`@cloudflare/workerd-${platform()}-${arch() === 'x64' ? '64' : arch()}/bin/workerd`),
      args: (port) => ['serve', '--experimental', 'config.capnp', `--socket-addr=http=127.0.0.1:${port}`],
      cwd: folder,
      path: '/function/echo',
    }),
  );
}

const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  bindings = [(name = "LOADER", workerLoader = ())],
  compatibilityDate = "2026-01-01",
  compatibilityFlags = ["experimental"],
);
`;

const echo = `export default { fetch: async (request) => Response.json(await request.json()) };`;

const worker = `const echo = ${JSON.stringify(echo)};
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith('/first/')) return Response.json(await request.json());
    const loaded = env.LOADER.get(pathname, () => ({
      compatibilityDate: '2026-01-01',
      mainModule: 'echo.js',
      modules: { 'echo.js': echo },
    }));
    return loaded.getEntrypoint().fetch(request);
  },
};
`;
