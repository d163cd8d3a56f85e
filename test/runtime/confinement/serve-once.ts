import { join } from 'node:path';
import { openConfinement } from '../../../src/runtime/confinement/open-confinement.js';
import { createLocalExecutor } from '../../../src/runtime/local-executor.js';
import { deploy, executorOptions, resultOf, runOnce } from '../support.js';

// A server that its test starts as another user: says what it can do there.
const folder = process.argv[2]!;
const options = { folder, slots: join(folder, 'slots'), hidden: [folder], tmpBytes: 2 ** 20, outbound: 'own' } as const;
const confinement = await openConfinement(options);
const executor = createLocalExecutor(executorOptions(folder, { confinement }));
const isolation = 'confined';
const look = (await resultOf(executor, deploy('in-a-cell/look.mjs'), { isolation, payload: {} })) as {
  uid: number;
  status: string;
};
const connect = deploy('in-a-cell/connect.mjs', { network: 'outbound' });
const { outcome } = await runOnce(executor, deploy('executable-killed/run.sh'), { isolation });
console.log(
  JSON.stringify({
    problem: confinement.problem,
    uid: look.uid,
    seccomp: /^Seccomp:\s*(\d)/m.exec(look.status)![1],
    python: await resultOf(executor, deploy('echo-payload/main.py'), { isolation, payload: 2 }),
    executable: await resultOf(executor, deploy('executable-text/run.sh'), { isolation }).then((text) =>
      String(text).replace('hello', 'text'),
    ),
    outbound: await resultOf(executor, connect, { isolation, payload: [['169.254.169.254', 80]] }),
    killed: outcome.ok ? 'not at all' : outcome.message,
  }),
);
await executor.close(0);
