import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalExecutor } from '../../src/runtime/local-executor.js';
import { attemptOf, deploy, executorOptions, resultOf } from './support.js';

// A server that is killed by the test: a spare, and a worker that neither listens nor ends, with a child that ignores SIGTERM.
const [folder, path] = process.argv.slice(2) as [string, string];
const executor = createLocalExecutor(executorOptions(folder, { spares: { threads: 0, processes: 1 } }));
while (executor.stats().workers.length === 0) await sleep(5);
const { pid } = (await resultOf(executor, deploy(path), { isolation: 'process', payload: 'fine' })) as {
  pid: number;
};
const payload = path.endsWith('.py') ? 'spawns_and_waits' : 'spawnsAndLoops';
const sink = {
  log: (_: string, text: string) => {
    const child = /child (\d+)/.exec(text)?.[1];
    if (child !== undefined) console.log(`${child}\n${pid}`);
  },
  progress: () => undefined,
  chunk: () => undefined,
};
await executor.execute(attemptOf(deploy(path), { isolation: 'process', payload, timeoutMs: 600_000 }), sink);
