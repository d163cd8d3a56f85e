import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from '../../src/config.js';
import { chooseSampler } from '../../src/tracing/choose-sampler.js';
import { newRunId } from '../../src/runs/run-id.js';

const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/base/' };

test('nothing is exported without an endpoint, or where OpenTelemetry is switched off', () => {
  for (const environment of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_SERVICE_NAME: 'x', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { ...collector, OTEL_SDK_DISABLED: 'TRUE' },
    { ...collector, OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    assert.equal(readConfig(environment).TRACING, null);
  }
});

test('what is said for traces alone goes before what is said for all signals', () => {
  const { TRACING } = readConfig({
    ...collector,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/here?x=1',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x, shared=1',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'shared=2',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2000',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,host.name=a%2Cb',
    OTEL_SERVICE_NAME: 'functions',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  });
  assert.deepEqual(TRACING, {
    url: 'https://collector.example/here?x=1',
    headers: { authorization: 'Bearer x', shared: '2' },
    compression: 'none',
    timeoutMs: 2000,
    resource: { 'service.name': 'functions', 'host.name': 'a,b' },
    sampler: 'traceidratio',
    ratio: 0.25,
    batch: { maxWaiting: 2048, size: 512, delayMs: 5000 },
  });
  assert.equal(readConfig(collector).TRACING!.url, 'http://127.0.0.1:4318/base/v1/traces');
});

test('what can not be kept is refused with its name, and headers are not shown', () => {
  for (const [name, value, shown] of [
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/json on this release, not "grpc"'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/protobuf', 'not "http/protobuf"'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector:4318', 'not "collector:4318"'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'not "jaeger_remote"'],
    ['OTEL_TRACES_SAMPLER_ARG', '2', 'a number from 0 to 1, not "2"'],
    ['OTEL_TRACES_EXPORTER', 'console', 'one of otlp, none, not "console"'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret-token', 'not what was given'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=%ZZ', 'not what was given'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', 'many', 'not "many"'],
  ] as const) {
    assert.throws(
      () => readConfig({ ...collector, [name]: value }),
      (error) => error instanceof ConfigError && error.message.startsWith(`${name} must be `) && error.message.endsWith(shown),
      name,
    );
  }
});

test('samplers decide as their names say, and a ratio takes its share of traces', () => {
  const trace = '1f'.repeat(16);
  const answers = (name: string) => [null, true, false].map((caller) => chooseSampler(name, 0)(trace, caller));
  assert.deepEqual(answers('always_on'), [true, true, true]);
  assert.deepEqual(answers('always_off'), [false, false, false]);
  assert.deepEqual(answers('parentbased_always_on'), [true, true, false]);
  assert.deepEqual(answers('parentbased_always_off'), [false, true, false]);
  assert.deepEqual(answers('parentbased_traceidratio'), [false, true, false]);
  const ids = Array.from({ length: 4000 }, () => newRunId().replaceAll('-', ''));
  const share = ids.filter((id) => chooseSampler('traceidratio', 0.25)(id, null)).length / ids.length;
  assert.ok(share > 0.2 && share < 0.3, String(share));
});
