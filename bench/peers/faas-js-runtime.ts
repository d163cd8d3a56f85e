import { join } from 'node:path';
import { peerFile } from './packages.js';
import { startProgram, type Peer } from './start-peer.js';
import { withFunctionFile } from './function-file.js';

/** Knative's faas-js-runtime with an echo: fastify, the function in its own process. */
export function startFaasJsRuntime(): Promise<Peer> {
  return withFunctionFile(`exports.handle = (context, body) => body;\n`, (folder) =>
    startProgram({
      command: process.execPath,
      args: (port) => [peerFile('faas-js-runtime/bin/cli.js'), '--port', String(port), join(folder, 'index.js')],
      path: '/',
    }),
  );
}
