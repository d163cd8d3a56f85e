import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { RunView } from '../../src/contract/api/runs.js';
import { attributesOf, Collector, lengthOf, type Span } from './collector.js';
import { eventually, startApp, type TestApp } from './start-app.js';

const traced = {
  'index.mjs': `export default (payload, context) => {
    if (payload?.failures >= context.attempt) throw new Error('not yet');
    return context.traceparent;
  };`,
};

async function start(t: TestContext, more: Record<string, string> = {}): Promise<{ app: TestApp; collector: Collector }> {
  const collector = new Collector();
  const url = await collector.listen();
  t.after(() => collector.close());
  const app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '20', ...more });
  t.after(() => app.close());
  await app.push('traced', traced);
  return { app, collector };
}

function begins({ startTimeUnixNano }: Span): bigint {
  return BigInt(startTimeUnixNano);
}

test('a sync call is a span below its caller, with the id that the function was told and its stages', async (t) => {
  const { app, collector } = await start(t, {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  const caller = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`;
  const answer = await app.call('traced', {}, { traceparent: caller });
  const runId = answer.headers.get('x-run-id')!;
  const told = (await answer.json()) as string;
  const { own, stages } = await eventually(async () => collector.of(runId));
  assert.deepEqual([own.traceId, own.parentSpanId, own.name, own.kind], ['1f'.repeat(16), '2e'.repeat(8), 'run traced', 2]);
  assert.equal(told, `00-${own.traceId}-${own.spanId}-01`);
  const attributes = attributesOf(own.attributes);
  assert.deepEqual(
    ['faas.name', 'faas.version', 'faas.coldstart', 'faas.trigger', 'laneway.lane', 'laneway.state', 'laneway.runtime'].map(
      (name) => attributes[name],
    ),
    ['traced', '1.1', true, 'http', 'latest', 'succeeded', 'node'],
  );
  assert.equal(own.status.code, 0);
  assert.ok(stages['start'] !== undefined && stages['run'] !== undefined, Object.keys(stages).join());
  assert.equal(attributesOf(stages['start'].attributes)['laneway.cold_reason'], 'first_call');
  for (const stage of Object.values(stages)) {
    assert.ok(begins(stage) >= begins(own) && BigInt(stage.endTimeUnixNano) <= BigInt(own.endTimeUnixNano));
  }
  assert.ok(begins(stages['run']) >= BigInt(stages['start'].endTimeUnixNano) - 1000n, 'it runs when it was started');
  const run = await eventually(async () => {
    const { state, traceparent } = (await (await app.ask('GET', `/api/v1/runs/${runId}`)).json()) as RunView;
    return state === 'succeeded' && { traceparent };
  });
  assert.equal(run.traceparent, caller);
  const [request] = collector.requests;
  assert.equal(request!.url, '/v1/traces');
  assert.equal(request!.headers['x-tenant'], 'a b');
  assert.deepEqual([request!.resource['service.name'], request!.resource['deployment.environment.name']], ['laneway', 'test']);
});

test('each attempt of a queued run is a span of its trace, and a repeated one is linked to the one before', async (t) => {
  const { app, collector } = await start(t);
  const accepted = await app.ask('POST', '/api/v1/runs', {
    json: { function: 'traced', mode: 'queued', payload: { failures: 1 }, retries: { attempts: 2, delay_ms: 10, jitter: 0 } },
  });
  const { id } = (await accepted.json()) as RunView;
  const second = await eventually(async () => collector.of(id, 2));
  const first = await eventually(async () => collector.of(id, 1));
  assert.equal(first.own.traceId, id.replaceAll('-', ''));
  assert.equal(second.own.traceId, first.own.traceId);
  assert.ok(!first.own.parentSpanId && !second.own.parentSpanId);
  assert.deepEqual([first.own.kind, first.own.status.code], [5, 2]);
  assert.match(first.own.status.message!, /not yet/);
  const failed = attributesOf(first.own.attributes);
  assert.deepEqual(
    [failed['laneway.state'], failed['laneway.reason'], failed['error.type']],
    ['queued', 'function_error', 'function_error'],
  );
  assert.equal(attributesOf(second.own.attributes)['laneway.state'], 'succeeded');
  assert.deepEqual(
    second.own.links.map(({ spanId }) => spanId),
    [first.own.spanId],
  );
  const result = await app.ask('GET', `/api/v1/runs/${id}/result`);
  assert.equal(await result.json(), `00-${second.own.traceId}-${second.own.spanId}-01`);
  const { timings } = (await (await app.ask('GET', `/api/v1/runs/${id}`)).json()) as RunView;
  assert.ok(Math.abs(lengthOf(second.stages['run']!) - timings!.run_ms) < 0.01, 'the same time as in the record');
});

test('what a run starts by its end is a child of it', async (t) => {
  const { app, collector } = await start(t);
  const accepted = await app.ask('POST', '/api/v1/runs', {
    json: { function: 'traced', mode: 'queued', on_success: { function: 'traced', lane: 'latest' } },
  });
  const { id } = (await accepted.json()) as RunView;
  const { own } = await eventually(async () => collector.of(id));
  const child = await eventually(async () =>
    collector.spans.find(({ parentSpanId, kind }) => parentSpanId === own.spanId && kind === 5),
  );
  assert.deepEqual([child.traceId, child.name], [own.traceId, 'run traced']);
  assert.equal(attributesOf(child.attributes)['laneway.source'], 'destination');
});

test('what the sampler leaves out is not exported, and its function is told so', async (t) => {
  const { app, collector } = await start(t, { OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
  const left = (await (await app.call('traced')).json()) as string;
  assert.match(left, /-00$/);
  const caller = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`;
  const answer = await app.call('traced', {}, { traceparent: caller });
  assert.match((await answer.json()) as string, /-01$/);
  await eventually(async () => collector.of(answer.headers.get('x-run-id')!));
  assert.ok(collector.spans.every(({ traceId }) => traceId === '1f'.repeat(16)));
});

test('with the collector away calls go on, the spans are counted as dropped, and closing takes no longer', async (t) => {
  const { app, collector } = await start(t, { OTEL_EXPORTER_OTLP_TIMEOUT: '200', OTEL_BSP_MAX_QUEUE_SIZE: '20' });
  collector.close();
  for (let calls = 0; calls < 20; calls += 1) assert.equal((await app.call('traced')).status, 200);
  const dropped = await eventually(async () => {
    const text = await (await app.ask('GET', '/metrics')).text();
    const count = Number(/^laneway_spans_dropped_total (\d+)$/m.exec(text)?.[1]);
    return count > 0 && text;
  });
  assert.match(dropped, /^laneway_spans_exported_total 0$/m);
});

test('spans that wait are handed over when the server closes', async (t) => {
  const { app, collector } = await start(t, { OTEL_BSP_SCHEDULE_DELAY: '600000' });
  const answer = await app.call('traced');
  assert.equal(collector.spans.length, 0);
  await app.close();
  assert.ok(collector.of(answer.headers.get('x-run-id')!) !== undefined);
});

test('a server without a collector tells functions the trace all the same', async (t) => {
  const app = await startApp();
  t.after(() => app.close());
  await app.push('traced', traced);
  const own = await app.call('traced');
  assert.equal(((await own.json()) as string).slice(3, 35), own.headers.get('x-run-id')!.replaceAll('-', ''));
  const caller = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`;
  assert.equal(await (await app.call('traced', {}, { traceparent: caller })).json(), caller);
});
