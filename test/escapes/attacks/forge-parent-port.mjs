import { parentPort, workerData, BroadcastChannel } from 'node:worker_threads';

/** Messages to the server by the ways that Node gives a thread. */
export default function forgeParentPort({ marker, call }) {
  if (call === 2) return 'honest';
  for (let run = 0; run < 20; run += 1) {
    const message = { type: 'result', run, data: JSON.stringify(marker), children: false };
    parentPort?.postMessage(message);
    workerData?.port?.postMessage(message);
  }
  return [typeof parentPort?.postMessage, typeof workerData?.port?.postMessage, typeof BroadcastChannel];
}
