import { peerFile } from './packages.js';
import { startProgram, type Peer } from './start-peer.js';
import { withFunctionFile } from './function-file.js';

/** Google's functions-framework with an echo: express, the function in its own process. */
export function startFunctionsFramework(): Promise<Peer> {
  return withFunctionFile(`exports.echo = (request, response) => response.json(request.body);\n`, (folder) =>
    startProgram({
      command: process.execPath,
      args: (port) => [
        peerFile('@google-cloud/functions-framework/build/src/main.js'),
        `--source=${folder}`,
        '--target=echo',
        `--port=${port}`,
      ],
      path: '/',
    }),
  );
}
