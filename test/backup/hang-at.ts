import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

/** What `--import` takes so that a command says `at` and hangs before a call such as `rm restore-unfinished.json`. */
export async function hangAt(folder: string, step: string): Promise<string> {
  const [name, ending] = step.split(' ') as [string, string];
  const file = join(folder, 'hang.mjs');
  await writeFile(
    file,
    `import fs from 'node:fs/promises';
     import { writeSync } from 'node:fs';
     import { syncBuiltinESMExports } from 'node:module';
     const original = fs.${name};
     fs.${name} = (...values) => {
       const path = String(values[${name === 'rename' || name === 'copyFile' ? 1 : 0}]);
       if (!path.endsWith(${JSON.stringify(ending)})) return original(...values);
       writeSync(2, 'at the step');
       setInterval(() => {}, 1000);
       return new Promise(() => {});
     };
     syncBuiltinESMExports();`,
  );
  return file;
}
