import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const entry = fileURLToPath(new URL('inside/json-text-entry.js', import.meta.url));
const smallChars = 128 * 1024;

/** The text itself when it is JSON, else the text as a JSON string. Large texts are looked at in a thread of their own. */
export async function asJsonText(text: string): Promise<string> {
  if (text.length <= smallChars) return isJson(text) ? text : JSON.stringify(text);
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry, { env: {}, execArgv: [], workerData: text });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/** Whether a text is one JSON value. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
