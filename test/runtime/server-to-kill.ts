import { createLocalExecutor } from '../../src/runtime/local-executor.js';
import { attemptOf, deploy, executorOptions, resultOf } from './support.js';

// A server that is killed by the test: one worker whose child ignores SIGTERM, one idle, one that loops.
const [folder, path] = process.argv.slice(2) as [string, string];
const executor = createLocalExecutor(executorOptions(folder));
const { pid } = (await resultOf(executor, deploy(path, {}, undefined), { isolation: 'process', payload: 'fine' })) as {
  pid: number;
};
const payload = path.endsWith('.py') ? 'spawns_and_waits' : 'spawnsAndWaits';
const sink = {
  log: (_: string, text: string) => {
    const child = /child (\d+)/.exec(text)?.[1];
    if (child !== undefined) console.log(`${child}\n${pid}`);
  },
  progress: () => undefined,
  chunk: () => undefined,
};
await Promise.all([
  executor.execute(attemptOf(deploy(path), { isolation: 'process', payload: 'loops', timeoutMs: 600_000 }), sink),
  executor.execute(attemptOf(deploy(path), { isolation: 'process', payload, timeoutMs: 600_000 }), sink),
]);
