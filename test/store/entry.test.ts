import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { LanewayError } from '../../src/errors.js';
import { openTestStore, push, versionOf } from './open-test-store.js';
import { rawZip, type RawEntry } from './raw-zip.js';

const script = '#!/bin/sh\necho hi\n';
const assembly = `MZ${'\0'.repeat(60)}`;

type Case = { files: Record<string, string>; type?: 'dll' | 'exe' };
const found: [title: string, given: Case, entry: [runtime: string, file: string]][] = [
  [
    'the manifest comes first',
    { files: { 'laneway.json': '{"entry":"b.mjs"}', 'b.mjs': '', 'index.mjs': '' } },
    ['node', 'b.mjs'],
  ],
  [
    'then the main of package.json',
    { files: { 'package.json': '{"main":"./lib/a.js"}', 'lib/a.js': '', 'hello.js': '' } },
    ['node', 'lib/a.js'],
  ],
  ['a main without ending', { files: { 'package.json': '{"main":"lib/a"}', 'lib/a.js': '' } }, ['node', 'lib/a.js']],
  ['a main that is a folder', { files: { 'package.json': '{"main":"lib"}', 'lib/index.js': '' } }, ['node', 'lib/index.js']],
  ['a main that is missing', { files: { 'package.json': '{"main":"no.js"}', 'index.js': '' } }, ['node', 'index.js']],
  ['then a file named after the function', { files: { 'hello.cjs': '', 'index.mjs': '' } }, ['node', 'hello.cjs']],
  ['then index', { files: { 'index.js': '', 'other.js': '' } }, ['node', 'index.js']],
  ['a Python file named after the function', { files: { 'hello.py': '', 'other.py': '' } }, ['python', 'hello.py']],
  ['the only Python file', { files: { 'some.py': '', 'data.txt': '' } }, ['python', 'some.py']],
  ['an executable named after the function', { files: { hello: script, other: script } }, ['executable', 'hello']],
  ['the only program', { files: { run: script, 'data.txt': 'x' } }, ['executable', 'run']],
  [
    'the type exe when the manifest is silent',
    { files: { hello: script, 'index.js': '' }, type: 'exe' },
    ['executable', 'hello'],
  ],
  ['the type dll when the manifest is silent', { files: { hello: script, 'index.js': '' }, type: 'dll' }, ['node', 'index.js']],
  [
    'the manifest against the type',
    { files: { 'laneway.json': '{"runtime":"node"}', hello: script, 'index.js': '' }, type: 'exe' },
    ['node', 'index.js'],
  ],
  ['an entry with an ending of Python', { files: { 'laneway.json': '{"entry":"a/b.py"}', 'a/b.py': '' } }, ['python', 'a/b.py']],
];

test('the entry is found by the table of runtimes', async (t) => {
  const { store } = await openTestStore(t);
  for (const [title, { files, type = null }, [runtime, file]] of found) {
    const version = versionOf(await push(store, { zip: zipOf(files), type }));
    const { entry } = await store.deployed({ function: 'hello', lane: 'latest', version });
    assert.deepEqual(entry, { runtime, file }, title);
  }
});

const refused: [title: string, given: Case, code: string, message: RegExp][] = [
  [
    'an entry of the manifest that is missing',
    { files: { 'laneway.json': '{"entry":"no.mjs"}', 'index.mjs': '' } },
    'entry_missing',
    /no\.mjs/,
  ],
  ['nothing to run', { files: { 'readme.txt': 'x' } }, 'entry_missing', /hello\.mjs/],
  ['everything one folder down', { files: { 'pkg/index.mjs': '' } }, 'entry_missing', /folder pkg.*one folder down/],
  ['TypeScript', { files: { 'laneway.json': '{"entry":"a.ts","runtime":"node"}', 'a.ts': '' } }, 'entry_missing', /a\.ts/],
  ['a main that leads out', { files: { 'package.json': '{"main":"../x.js"}', 'index.js': '' } }, 'entry_missing', /leads out/],
  ['a package.json that is not JSON', { files: { 'package.json': '{', 'index.js': '' } }, 'entry_missing', /package\.json/],
  ['an executable without a program in it', { files: { hello: 'echo hi' }, type: 'exe' }, 'entry_missing', /begins with #!/],
  [
    'only assemblies',
    {
      files: { 'hello.dll': assembly, 'hello.pdb': 'x', 'hello.deps.json': '{}', 'hello.runtimeconfig.json': '{}' },
      type: 'dll',
    },
    'dotnet_not_supported',
    /hello\.dll/,
  ],
  ['only a Windows program', { files: { 'hello.exe': assembly }, type: 'exe' }, 'dotnet_not_supported', /hello\.exe/],
  [
    'a manifest too large',
    { files: { 'laneway.json': `"${'x'.repeat(2 << 20)}"`, 'index.js': '' } },
    'manifest_invalid',
    /larger/,
  ],
];

test('a zip without an entry is refused, saying what was looked for', async (t) => {
  const { store } = await openTestStore(t);
  for (const [title, { files, type = null }, code, message] of refused) {
    await assert.rejects(
      push(store, { zip: zipOf(files), type }),
      (error) => {
        assert.ok(error instanceof LanewayError, title);
        assert.equal(error.code, code, title);
        assert.match(error.message, message, title);
        return true;
      },
      title,
    );
  }
});

test('files are read-only, keep their execute bit and lose setuid', async (t) => {
  const { store } = await openTestStore(t);
  const entries: RawEntry[] = [
    { name: 'index.mjs', data: '', mode: 0o100666 },
    { name: 'tool', data: 'x', mode: 0o106755 },
    { name: 'script', data: script, mode: 0o100644 },
  ];
  const version = versionOf(await push(store, { zip: rawZip(entries) }));
  const { folder, files } = await store.deployed({ function: 'hello', lane: 'latest', version });
  const modes = entries.map(({ name }) => (statSync(join(folder, name as string)).mode & 0o7777).toString(8));
  assert.deepEqual(modes, ['444', '555', '555']);
  assert.deepEqual(files, ['index.mjs', 'script', 'tool']);
});

function zipOf(files: Record<string, string>): Buffer {
  return rawZip(Object.entries(files).map(([name, data]) => ({ name, data, method: 0 })));
}
