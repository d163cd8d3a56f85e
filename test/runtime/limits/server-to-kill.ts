import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
import { attemptOf, deploy, executorOptions } from '../support.js';
import { ownGroups } from './own-groups.js';

// A server that is killed by the test, with a worker whose child has left its process group and cleaned its environment.
const [folder] = process.argv.slice(2) as [string];
const executor = createLocalExecutor(executorOptions(folder));
const sink = {
  log: (_: string, text: string) => {
    const child = /child (\d+)/.exec(text)?.[1];
    if (child !== undefined) console.log(JSON.stringify({ child: Number(child), groups: ownGroups() }));
  },
  progress: () => undefined,
  chunk: () => undefined,
};
const version = deploy('greedy/index.mjs');
await executor.execute(
  attemptOf(version, { isolation: 'process', payload: { how: 'leavesAndLoops' }, timeoutMs: 600_000 }),
  sink,
);
