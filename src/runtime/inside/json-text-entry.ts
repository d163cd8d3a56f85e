import { parentPort, workerData } from 'node:worker_threads';

const text = workerData as string;
parentPort!.postMessage(isJson() ? text : JSON.stringify(text));

function isJson(): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
