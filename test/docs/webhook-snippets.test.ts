import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { webhookHeaders } from '../../src/runs/deliveries/sign-webhook.js';
import { temporaryFolder } from '../temporary-folder.js';

const page = readFileSync(fileURLToPath(new URL('../../../docs/events.md', import.meta.url)), 'utf8');
const body = '{"run_id":"x","text":"ü"}';
const seconds = Math.floor(Date.now() / 1000);

interface Case {
  headers: Record<string, string>;
  body: string;
  secret: string;
  is: boolean;
}

const cases = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'any other secret'].flatMap((secret): Case[] => {
  const headers = webhookHeaders({ id: 'id', seconds, body }, secret);
  const signature = headers['webhook-signature']!;
  return [
    { headers, body, secret, is: true },
    { headers: { ...headers, 'webhook-signature': `v1,another ${signature}` }, body, secret, is: true },
    { headers, body: `${body} `, secret, is: false },
    { headers, body, secret: 'wrong', is: false },
    { headers: { ...headers, 'webhook-id': 'other' }, body, secret, is: false },
    { headers: webhookHeaders({ id: 'id', seconds: seconds - 3600, body }, secret), body, secret, is: false },
    { headers: webhookHeaders({ id: 'id', seconds, body }, null), body, secret, is: false },
    { headers: {}, body, secret, is: false },
  ];
});

async function snippet(t: TestContext, language: string, file: string): Promise<string> {
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)!;
  const path = join(await temporaryFolder(t), file);
  writeFileSync(path, text!);
  return path;
}

test('the Node snippet tells what was signed here from what was not', async (t) => {
  const path = await snippet(t, 'js', 'check.mjs');
  const { isFromLaneway } = (await import(pathToFileURL(path).href)) as {
    isFromLaneway: (headers: object, body: Buffer, secret: string) => boolean;
  };
  for (const { headers, body, secret, is } of cases) assert.equal(isFromLaneway(headers, Buffer.from(body), secret), is);
});

test('the Python snippet tells what was signed here from what was not', async (t) => {
  const path = await snippet(t, 'python', 'check.py');
  const asks = 'import json, sys\nsys.path.insert(0, sys.argv[1])\nfrom check import is_from_laneway\n';
  const each = 'print([is_from_laneway(c["headers"], c["body"].encode(), c["secret"]) for c in json.load(sys.stdin)])';
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', asks + each, join(path, '..')], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
  });
  assert.equal(stdout.trim(), `[${cases.map(({ is }) => (is ? 'True' : 'False')).join(', ')}]`, stderr);
});
