import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import AdmZip from 'adm-zip';
import { temporaryFolder } from '../temporary-folder.js';
import { runFas } from './run-fas.js';

async function folderWith(test: TestContext, files: Record<string, string>): Promise<{ home: string; folder: string }> {
  const home = await temporaryFolder(test);
  const folder = join(home, 'hello');
  await mkdir(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return { home, folder };
}

function namesIn(file: string): string[] {
  return new AdmZip(file).getEntries().map(({ entryName }) => entryName);
}

test('a folder is packed with its contents and execute bits, sorted, without folders of their own', async (t) => {
  const { home, folder } = await folderWith(t, {
    'index.mjs': 'x',
    'lib/b.mjs': 'bb',
    'lib/a.mjs': '',
    'bin/tool': '#!/bin/sh',
    '\u00e4.txt': 'u',
  });
  await chmod(join(folder, 'bin/tool'), 0o700);
  await mkdir(join(folder, 'empty'));
  const { code, stdout } = await runFas(['pack', 'hello'], { home });
  assert.equal(code, 0);
  assert.match(stdout, /^hello\.zip: 5 files, \d+ bytes\n$/);
  const entries = new AdmZip(join(home, 'hello.zip')).getEntries();
  const found = entries.map((entry) => [
    entry.entryName,
    entry.getData().toString(),
    ((entry.header.attr >>> 16) & 0o777777).toString(8),
  ]);
  assert.deepEqual(found, [
    ['bin/tool', '#!/bin/sh', '100755'],
    ['index.mjs', 'x', '100644'],
    ['lib/a.mjs', '', '100644'],
    ['lib/b.mjs', 'bb', '100644'],
    ['\u00e4.txt', 'u', '100644'],
  ]);
  assert.deepEqual((await readdir(home)).sort(), ['hello', 'hello.zip'], 'no temporary file stays');
});

test('other unzippers agree with what is in it', { skip: !hasPython() }, async (t) => {
  const { home } = await folderWith(t, { 'index.mjs': 'x'.repeat(5000) });
  await runFas(['pack', 'hello'], { home });
  const script =
    'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.infolist()[0].file_size)';
  const said = execFileSync('/usr/bin/python3', ['-c', script, join(home, 'hello.zip')], { encoding: 'utf8' });
  assert.equal(said.trim(), "None ['index.mjs'] 5000");
});

test('the same files give the same bytes, whenever, wherever and with whatever times', async (t) => {
  const files = { 'index.mjs': 'x', 'a/b.mjs': 'y' };
  const first = await folderWith(t, files);
  const second = await folderWith(t, files);
  await utimes(join(second.folder, 'index.mjs'), 1, 1);
  await chmod(join(second.folder, 'index.mjs'), 0o600);
  await runFas(['pack', 'hello'], { home: first.home, environment: { TZ: 'Pacific/Kiritimati' } });
  await runFas(['pack', 'hello'], { home: second.home, environment: { TZ: 'America/Los_Angeles' } });
  assert.deepEqual(await readFile(join(first.home, 'hello.zip')), await readFile(join(second.home, 'hello.zip')));
});

test('what no function needs is left out, and .lanewayignore has the last word', async (t) => {
  const { home } = await folderWith(t, {
    'index.mjs': '',
    '.git/config': '',
    '.env': 'SECRET=1',
    '.env.example': '',
    'node_modules/.bin/tool': '',
    'node_modules/.cache/x': '',
    'node_modules/dep/index.js': '',
    'node_modules/dep/node_modules/.bin/y': '',
    '__pycache__/a.pyc': '',
    'notes.log': '',
    'keep.log': '',
    'build/out.js': '',
    'src/build/out.js': '',
    'docs/a/b.md': '',
    'docs/a/c.txt': '',
    '.lanewayignore': '# mine\n\n*.log\r\n!keep.log\n/build/\ndocs/**/*.md\n!.env.example\n',
  });
  await runFas(['pack', 'hello'], { home });
  assert.deepEqual(namesIn(join(home, 'hello.zip')), [
    '.env.example',
    'docs/a/c.txt',
    'index.mjs',
    'keep.log',
    'node_modules/dep/index.js',
    'src/build/out.js',
  ]);
});

test('a symbolic link is refused by name, unless it is left out', async (t) => {
  const { home, folder } = await folderWith(t, { 'index.mjs': '' });
  await symlink('/etc/passwd', join(folder, 'link'));
  const refused = await runFas(['pack', 'hello'], { home });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /"link" is a symbolic link/);
  assert.match(refused.stderr, /\.lanewayignore/);
  assert.deepEqual(await readdir(home), ['hello']);
  await writeFile(join(folder, '.lanewayignore'), '/link\n');
  assert.equal((await runFas(['pack', 'hello'], { home })).code, 0);
  assert.deepEqual(namesIn(join(home, 'hello.zip')), ['index.mjs']);
});

test('a link to a folder and a pipe are refused too', async (t) => {
  const { home, folder } = await folderWith(t, { 'index.mjs': '' });
  await symlink('.', join(folder, 'loop'));
  assert.match((await runFas(['pack', 'hello'], { home })).stderr, /"loop" is a symbolic link/);
  await writeFile(join(folder, '.lanewayignore'), 'loop\n');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  assert.match((await runFas(['pack', 'hello'], { home })).stderr, /"pipe" is neither a file nor a folder/);
});

test('the zip may be written into the folder and is not packed into itself', async (t) => {
  const { home, folder } = await folderWith(t, { 'index.mjs': 'x' });
  const sizes = [];
  for (let round = 0; round < 2; round += 1) {
    const { code, stdout } = await runFas(['pack', '.', '-o', 'out.zip', '--json'], { home, cwd: folder });
    assert.equal(code, 0);
    sizes.push((JSON.parse(stdout) as { size_bytes: number }).size_bytes);
  }
  assert.equal(sizes[0], sizes[1]);
  assert.deepEqual(namesIn(join(folder, 'out.zip')), ['index.mjs']);
});

test('an empty folder, no folder and a file are refused', async (t) => {
  const { home, folder } = await folderWith(t, { 'sub/.git/x': '' });
  const empty = await runFas(['pack', 'hello'], { home });
  assert.deepEqual([empty.code, /nothing to pack/.test(empty.stderr)], [1, true]);
  const nowhere = await runFas(['pack', 'nowhere'], { home });
  assert.deepEqual([nowhere.code, /there is no folder nowhere/.test(nowhere.stderr)], [2, true]);
  await writeFile(join(folder, 'file'), '');
  assert.equal((await runFas(['pack', 'hello/file'], { home })).code, 2);
});

function hasPython(): boolean {
  try {
    execFileSync('/usr/bin/python3', ['--version']);
    return true;
  } catch {
    return false;
  }
}
