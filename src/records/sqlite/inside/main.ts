import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Reply, Request } from '../messages.js';
import { Database } from './database.js';
import { commitTogether, type Outcome } from './group-commit.js';
import { prepareHotStatements } from './hot-statements.js';

// The records thread: libsql blocks, so all its calls are made here.
const port = parentPort!;
const database = new Database((workerData as { file: string }).file);
const statements = prepareHotStatements(database);
port.on('message', (first: Request) => answerAll([first, ...waiting()]));
port.postMessage('ready');

/** Whatever came in while the last transaction was committed goes into the next one together. */
function waiting(): Request[] {
  const requests: Request[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    requests.push(next.message as Request);
  }
  return requests;
}

function answerAll(requests: readonly Request[]): void {
  const batches = requests.filter((request) => request !== 'close');
  const outcomes = commitTogether(
    batches.flatMap(({ calls }) => calls),
    database,
    statements,
  );
  let from = 0;
  for (const { id, calls } of batches) {
    port.postMessage(toReply(id, outcomes.slice(from, from + calls.length)));
    from += calls.length;
  }
  if (requests.includes('close')) {
    database.close();
    port.close();
  }
}

function toReply(id: number, outcomes: readonly Outcome[]): Reply {
  const failures: Reply['failures'] = [];
  const answers = outcomes.map((outcome, index) => {
    if ('answer' in outcome) return outcome.answer;
    const { code, message } = outcome.failure as { code?: string; message: string };
    failures.push({ index, code: code ?? '', message });
    return null;
  });
  return { id, answers, failures };
}
