import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../temporary-folder.js';

const whatIsLoaded = `
  import { createRequire } from 'node:module';
  import { buildApp } from '${new URL('../../src/app.js', import.meta.url).href}';
  import { readConfig } from '${new URL('../../src/config.js', import.meta.url).href}';
  const config = readConfig({ ...process.env, LANEWAY_SPARE_THREADS: '0', LANEWAY_SPARE_PROCESSES: '0' });
  const log = { child: () => log, isLevelEnabled: () => false };
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) log[level] = () => undefined;
  const app = await buildApp(config, log);
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  await app.close();
  console.log(loaded.filter((file) => file.includes('@opentelemetry')).length);
  process.exit();
`;

test('a server that exports no traces loads nothing of OpenTelemetry', async (t) => {
  const home = await temporaryFolder(t);
  const script = `${home}/what-is-loaded.mjs`;
  await writeFile(script, whatIsLoaded);
  const load = async (more: Record<string, string>) => {
    const env = { PATH: process.env['PATH'], LANEWAY_DATA: `${home}/data`, LANEWAY_STORE: `${home}/store`, ...more };
    return Number((await promisify(execFile)(process.execPath, [script], { env })).stdout);
  };
  assert.equal(await load({}), 0);
  assert.ok((await load({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' })) > 0, 'the test sees what is loaded');
});
