import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { HubConnectionBuilder, HubConnectionState, type HubConnection, LogLevel } from '@microsoft/signalr';
import { eventually, startApp, type TestApp, zipOf } from '../../app/start-app.js';

const shell = promisify(execFile);

describe('the whole server', { timeout: 120_000 }, () => {
  let server: TestApp;
  before(async () => {
    server = await startApp({ LANEWAY_ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef' });
  });
  after(() => server.close());

  const files = {
    ExampleFunction: 'export class FunctionHandler { executeAsync(payload) { console.log("hello " + payload.name); } }',
    gate: `export default async (payload, context) => {
      console.log('first\\nand more');
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    }`,
    fails: 'export default () => { console.error("about to"); throw new TypeError("no luck"); }',
    asks: 'export default (envelope, context) => console.log(JSON.stringify([envelope, context.callerId, context.parameters]))',
  };

  async function push(name: string, lane = 'dev'): Promise<void> {
    const zip = zipOf({
      'index.mjs': files[name as keyof typeof files],
      ...(name === 'asks' && { 'laneway.json': '{"payload":"envelope"}' }),
    });
    const form = new FormData();
    form.append('file', new Blob([zip]), `${name}.zip`);
    const answer = await upload(`/api/function/pushfunction?functionName=${name}&lane=${lane}`, form);
    assert.equal(answer.status, 200, await answer.text());
  }

  function upload(path: string, body: FormData): Promise<Response> {
    return fetch(server.url + path, { method: 'POST', headers: { 'x-api-key': server.key }, body });
  }

  async function run(query: string, json: unknown): Promise<Record<string, unknown>> {
    const answer = await server.ask('POST', `/api/Function/RunFunction?${query}`, { json });
    return (await answer.json()) as Record<string, unknown>;
  }

  async function checked(id: unknown, status: string): Promise<Record<string, unknown>> {
    return eventually(async () => {
      const answer = await server.ask('GET', `/api/Function/CheckFunction?instanceId=${String(id)}`);
      const told = (await answer.json()) as Record<string, unknown>;
      return told.TaskStatus === status ? told : null;
    });
  }

  function hub(token: () => string | Promise<string> = () => server.key): HubConnection {
    return new HubConnectionBuilder()
      .withUrl(`${server.url}/functions`, { accessTokenFactory: token })
      .configureLogging(LogLevel.None)
      .build();
  }

  test('a run takes part in the trace of its caller', async () => {
    await push('asks', 'traced');
    const traceparent = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`;
    const path = '/api/Function/RunFunction?functionName=asks&lane=traced&callerId=me';
    const answer = await server.ask('POST', path, { json: {}, headers: { traceparent } });
    const { InstanceId } = (await answer.json()) as { InstanceId: string };
    const run = await server.ask('GET', `/api/v1/runs/${InstanceId}`);
    assert.equal(((await run.json()) as { traceparent: string }).traceparent, traceparent);
  });

  test("SharpFaas's own line of curl pushes a zip", async () => {
    const path = join(server.folder, 'example.zip');
    await writeFile(path, zipOf({ 'index.mjs': files.ExampleFunction }));
    const line = `curl --silent --header 'authorization: Bearer ${server.key}' --location --request POST 'http://sharpfaas_server/api/function/pushfunction?functionName=ExampleFunction&type=dll&lane=dev&newVersion=true' \\
        --form 'file=@"/path/to/file"'`;
    const { stdout } = await shell('sh', [
      '-c',
      line.replace('http://sharpfaas_server', server.url).replace('/path/to/file', path),
    ]);
    assert.equal(stdout, 'Saved function ExampleFunction to function store in lane: dev as version 1.1');
  });

  test('what was pushed runs, and is checked until it has ended and after', async () => {
    await push('ExampleFunction', 'ran');
    const told = await run('functionName=ExampleFunction&lane=ran&callerId=me&version=1', { name: 'Ada' });
    assert.equal(told.TaskStatus, 'WaitingToRun');
    assert.equal(told.Version, '1.1');
    for (let time = 0; time < 2; time += 1) {
      const { ElapsedTimeInSeconds: _, ...rest } = await checked(told.InstanceId, 'RanToCompletion');
      assert.deepEqual(rest, {
        InstanceId: told.InstanceId,
        CallerId: 'me',
        FunctionName: 'ExampleFunction',
        Lane: 'ran',
        Version: '1.1',
        Type: 'dll',
        TaskStatus: 'RanToCompletion',
        Exceptions: null,
      });
    }
    const log = await server.ask('GET', `/api/v1/runs/${String(told.InstanceId)}/log`);
    assert.equal(await log.text(), 'hello Ada\n');
    const active = (await (await server.ask('GET', '/api/getactivefunctions')).json()) as { InstanceId: string }[];
    assert.ok(active.some((one) => one.InstanceId === told.InstanceId));
  });

  test('a function that throws is faulted, and an id in use is refused', async () => {
    await push('fails');
    const id = '11111111-2222-3333-4444-555555555555';
    const query = `functionName=fails&lane=dev&callerId=me&instanceId=%7B${id}%7D`;
    assert.equal((await run(query, {})).InstanceId, id);
    const { Exceptions } = await checked(id, 'Faulted');
    const [inner, outer] = Exceptions as [string, string];
    assert.match(inner, /no luck/);
    assert.equal(outer, `One or more errors occurred. (${inner})`);
    const again = await run(query, {});
    assert.deepEqual(
      [again.TaskStatus, again.Exceptions],
      ['Faulted', [`Error in processing function. Run id ${id} is in use.`]],
    );
  });

  test('an unknown function, lane or version is faulted at once', async () => {
    await push('fails', 'known');
    for (const query of ['functionName=nobody', 'functionName=fails&lane=none', 'functionName=fails&lane=known&version=7.1']) {
      const told = await run(`${query}&callerId=me`, {});
      assert.equal(told.TaskStatus, 'Faulted');
      assert.match((told.Exceptions as string[])[0]!, /^Error in processing function\. .*(no function|no lane|no version)/);
    }
  });

  test('cancel ends a run under way', async () => {
    await push('gate');
    const { InstanceId } = await run('functionName=gate&lane=dev&callerId=me', {});
    await checked(InstanceId, 'Running');
    const answer = await server.ask('PUT', `/api/Function/CancelFunction?instanceId=${String(InstanceId)}`);
    assert.equal(((await answer.json()) as { TaskStatus: string }).TaskStatus, 'Canceled');
  });

  test('the function gets the whole envelope, without the key', async () => {
    await push('asks');
    const { InstanceId } = await run('functionName=asks&lane=dev&callerId=me&own=1&token=' + server.key, { a: 1 });
    await checked(InstanceId, 'RanToCompletion');
    const log = await (await server.ask('GET', `/api/v1/runs/${String(InstanceId)}/log`)).text();
    const [envelope, callerId] = JSON.parse(log) as [Record<string, unknown>, string];
    assert.deepEqual(Object.keys(envelope), ['Url', 'InstanceId', 'CallerId', 'Headers', 'Parameters', 'Body']);
    assert.deepEqual(
      [envelope.Url, envelope.InstanceId, envelope.CallerId, envelope.Body, callerId],
      ['/api/Function/RunFunction', InstanceId, 'me', '{"a":1}', 'me'],
    );
    assert.deepEqual(envelope.Parameters, { functionName: 'asks', lane: 'dev', callerId: 'me', own: '1' });
    assert.equal((envelope.Headers as Record<string, string>)['Content-Type'], 'application/json');
    assert.doesNotMatch(log, /lw_/);
  });

  test('an upload that is cut off leaves nothing behind', async () => {
    const before = await filesUnder(server.folder);
    const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="cut.zip"\r\n\r\n';
    const whole = Buffer.concat([Buffer.from(head), zipOf({ 'index.mjs': files.fails }), Buffer.from('\r\n--x--\r\n')]);
    const headers = { 'x-api-key': server.key, 'content-type': 'multipart/form-data; boundary=x' };
    const push = (body: Buffer) =>
      fetch(`${server.url}/api/pushfunction?functionName=cut`, { method: 'POST', headers, body: new Uint8Array(body) });
    for (const length of [20, head.length, head.length + 100, whole.length - 8]) {
      const answer = await push(whole.subarray(0, length));
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /upload_truncated/);
    }
    assert.equal((await server.ask('GET', '/api/v1/functions/cut/lanes/latest/versions')).status, 404);
    assert.deepEqual(await filesUnder(server.folder), before);
    assert.equal(await (await push(whole)).text(), 'Saved function cut to function store in lane: latest as version 1.1');
  });

  test('hostile zips are refused with their code', async () => {
    const form = new FormData();
    form.append('file', new Blob(['this is no zip']), 'x.zip');
    const answer = await upload('/api/function/pushfunction?functionName=hostile', form);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /"code":"zip_invalid"/);
  });

  test("SignalR's client streams what a function prints as it appears, and cancels it", async () => {
    await push('gate', 'streamed');
    const connection = hub(async () => server.key);
    await connection.start();
    try {
      const items: string[] = [];
      let ended = false;
      const stream = connection.stream<string>('FunctionHandler', 'gate', 'streamed', '1.1', '{}', false, 'dll');
      const subscription = stream.subscribe({
        next: (item) => void items.push(item),
        complete: () => (ended = true),
        error: () => (ended = true),
      });
      await eventually(async () => items.length > 0);
      assert.equal(items.join(''), 'first\nand more\n');
      assert.equal(ended, false);
      const active = (await (await server.ask('GET', '/api/getactivefunctions')).json()) as Record<string, string>[];
      const [open] = active.filter(({ TaskStatus, Lane }) => TaskStatus === 'Running' && Lane === 'streamed');
      subscription.dispose();
      await checked(open!.InstanceId, 'Canceled');
    } finally {
      await connection.stop();
    }
  });

  test("SignalR's client sees the end of a stream, the error of a failed run and of an unknown function", async () => {
    await push('ExampleFunction', 'hub');
    await push('fails', 'hub');
    const connection = hub();
    await connection.start();
    try {
      assert.deepEqual(await collect(connection, 'ExampleFunction', 'hub', null, '{"name":"Bob"}'), {
        items: 'hello Bob\n',
        error: null,
      });
      const failed = await collect(connection, 'fails', 'hub', 1.1, '{}');
      assert.match(failed.items, /^about to\n/);
      assert.match(failed.error!, /^The function failed: .*no luck/);
      assert.deepEqual(await collect(connection, 'nobody', 'hub', '', '{}'), {
        items: '',
        error: 'There is no function nobody.',
      });
      const sealed = 'wuXfTmtFSR/KcsPsrATX3Uky7MDKQ4NpKX2/Rodrtn4=';
      assert.equal((await collect(connection, 'ExampleFunction', 'hub', '', sealed, true)).items, 'hello undefined\n');
      await assert.rejects(connection.invoke('FunctionHandler', 'fails', 'hub', '', '{}'), /streaming 'FunctionHandler' method/);
      await assert.rejects(connection.invoke('Nothing'), /Unknown hub method 'Nothing'/);
    } finally {
      await connection.stop();
    }
  });

  test("a run is cancelled when its client's connection ends", async () => {
    await push('gate', 'lost');
    const connection = hub();
    await connection.start();
    const seen: string[] = [];
    connection.stream<string>('FunctionHandler', 'gate', 'lost', '', '{}').subscribe({
      next: (item) => void seen.push(item),
      complete: () => {},
      error: () => {},
    });
    await eventually(async () => seen.length > 0);
    await connection.stop();
    await eventually(async () => {
      const active = (await (await server.ask('GET', '/api/getactivefunctions')).json()) as Record<string, string>[];
      return active.find(({ Lane, TaskStatus }) => Lane === 'lost' && TaskStatus === 'Canceled');
    });
  });

  test("SignalR's client without a good key does not get in", async () => {
    await assert.rejects(hub(() => '').start(), /401/);
    await assert.rejects(hub(() => `lw_testadmin_${'b'.repeat(40)}`).start(), /401/);
  });

  test("SignalR's client connects without negotiation, and comes back after it was cut off", async () => {
    const connection = new HubConnectionBuilder()
      .withUrl(`${server.url}/functions`, { accessTokenFactory: () => server.key })
      .withAutomaticReconnect([0, 10, 100])
      .configureLogging(LogLevel.None)
      .build();
    await connection.start();
    const back = new Promise((resolve) => connection.onreconnected(resolve));
    for (const socket of server.app.server.websocketServer.clients) socket.terminate();
    await back;
    assert.equal(connection.state, HubConnectionState.Connected);
    await connection.stop();

    const { HttpTransportType } = await import('@microsoft/signalr');
    const direct = new HubConnectionBuilder()
      .withUrl(`${server.url}/functions`, {
        accessTokenFactory: () => server.key,
        skipNegotiation: true,
        transport: HttpTransportType.WebSockets,
      })
      .configureLogging(LogLevel.None)
      .build();
    await direct.start();
    await direct.stop();
  });
});

/** Files of the store; what the records write beside it comes and goes. */
async function filesUnder(folder: string): Promise<string[]> {
  return (await readdir(join(folder, 'store'), { recursive: true })).sort();
}

describe('a server that lets callers without a key run', { timeout: 60_000 }, () => {
  let server: TestApp;
  before(async () => {
    server = await startApp({ LANEWAY_ANONYMOUS: 'run' });
    await server.push('hello', { 'index.mjs': 'export default () => console.log("hello")' });
  });
  after(() => server.close());

  test('takes their runs and hub connections, and no push', async () => {
    const run = await fetch(`${server.url}/api/function/runfunction?functionName=hello&callerId=me&payload=1`, {
      method: 'POST',
    });
    const { InstanceId } = (await run.json()) as { InstanceId: string };
    assert.equal((await fetch(`${server.url}/api/function/checkfunction?instanceId=${InstanceId}`)).status, 200);
    const connection = new HubConnectionBuilder().withUrl(`${server.url}/functions`).configureLogging(LogLevel.None).build();
    await connection.start();
    assert.deepEqual(await collect(connection, 'hello', 'latest', '', ''), { items: 'hello\n', error: null });
    await connection.stop();
    const body = new FormData();
    body.append('file', new Blob(['PK']), 'x.zip');
    const push = await fetch(`${server.url}/api/function/pushfunction?functionName=hello`, { method: 'POST', body });
    assert.ok(push.status === 401 || push.status === 403, String(push.status));
  });
});

async function collect(connection: HubConnection, ...args: unknown[]): Promise<{ items: string; error: string | null }> {
  let items = '';
  return new Promise((resolve) => {
    connection.stream<string>('FunctionHandler', ...args).subscribe({
      next: (item) => (items += item),
      complete: () => resolve({ items, error: null }),
      error: (error: Error) => resolve({ items, error: error.message }),
    });
  });
}
