import { ConfigError } from './config-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Where traces go and how many of them. */
export interface TracingSettings {
  /** The whole URL that spans are posted to. */
  url: string;
  headers: Readonly<Record<string, string>>;
  compression: 'none' | 'gzip';
  /** For one batch to be taken. */
  timeoutMs: number;
  /** What this server calls itself, `service.name` included. */
  resource: Readonly<Record<string, string>>;
  sampler: (typeof samplers)[number];
  /** Share of traces, 0 to 1, of the samplers that take one. */
  ratio: number;
  batch: { maxWaiting: number; size: number; delayMs: number };
}

/** The standard variables that are read, with what docs/configuration.md says of each. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'A collector; spans go to its `/v1/traces`. Without it, or the next one, nothing is exported.',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'The whole URL that spans go to.',
  OTEL_SDK_DISABLED: '`true` exports nothing.',
  OTEL_TRACES_EXPORTER: '`otlp` (default) or `none`.',
  OTEL_EXPORTER_OTLP_PROTOCOL: '`http/json` (default); others are refused. Also `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.',
  OTEL_EXPORTER_OTLP_HEADERS: '`name=value,...`, sent with every batch. Also `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.',
  OTEL_EXPORTER_OTLP_COMPRESSION: '`none` (default) or `gzip`. Also `OTEL_EXPORTER_OTLP_TRACES_COMPRESSION`.',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'Milliseconds for a batch to be taken; 10000. Also `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`.',
  OTEL_SERVICE_NAME: 'What this server is called in traces; `laneway`.',
  OTEL_RESOURCE_ATTRIBUTES: '`name=value,...`, told of this server with every batch.',
  OTEL_TRACES_SAMPLER: `Which traces are exported: \`${samplers.join('`, `')}\`; \`parentbased_always_on\` by default.`,
  OTEL_TRACES_SAMPLER_ARG: 'The share of traces for the samplers that take one, 0 to 1; 1 by default.',
  OTEL_BSP_MAX_QUEUE_SIZE: 'Spans that may wait; more are dropped and counted. 2048.',
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'Spans sent together; 512.',
  OTEL_BSP_SCHEDULE_DELAY: 'Milliseconds that a span waits for others; 5000.',
} as const;

/** Null when traces are not exported. Throws ConfigError for what OpenTelemetry's variables say wrong. */
export function readTracing(environment: Environment): TracingSettings | null {
  const url = endpointOf(environment);
  if (url === null || isOff(environment)) return null;
  refuseOtherProtocols(environment);
  return {
    url,
    headers: { ...pairs(environment, 'OTEL_EXPORTER_OTLP_HEADERS'), ...pairs(environment, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS') },
    compression: word(environment, nameOfTraces(environment, 'COMPRESSION'), ['none', 'gzip']),
    timeoutMs: number(environment, nameOfTraces(environment, 'TIMEOUT'), { fallback: 10_000, min: 1, max: 600_000 }),
    resource: resourceOf(environment),
    sampler: word(environment, 'OTEL_TRACES_SAMPLER', samplers, 'parentbased_always_on'),
    ratio: number(environment, 'OTEL_TRACES_SAMPLER_ARG', { fallback: 1, min: 0, max: 1 }),
    batch: {
      maxWaiting: number(environment, 'OTEL_BSP_MAX_QUEUE_SIZE', { fallback: 2048, min: 1, max: 1_000_000 }),
      size: number(environment, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', { fallback: 512, min: 1, max: 10_000 }),
      delayMs: number(environment, 'OTEL_BSP_SCHEDULE_DELAY', { fallback: 5000, min: 1, max: 600_000 }),
    },
  };
}

function isOff(environment: Environment): boolean {
  const disabled = (read(environment, 'OTEL_SDK_DISABLED') ?? '').toLowerCase() === 'true';
  return disabled || word(environment, 'OTEL_TRACES_EXPORTER', ['otlp', 'none']) === 'none';
}

function endpointOf(environment: Environment): string | null {
  const whole = read(environment, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (whole !== null) return requireUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', whole);
  const base = read(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  return base === null ? null : `${requireUrl('OTEL_EXPORTER_OTLP_ENDPOINT', base).replace(/\/+$/, '')}/v1/traces`;
}

function requireUrl(name: string, text: string): string {
  if (/^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text)) return text;
  throw new ConfigError(`${name} must be an http or https URL, not ${shown(text)}`);
}

function refuseOtherProtocols(environment: Environment): void {
  const name = nameOfTraces(environment, 'PROTOCOL');
  const protocol = read(environment, name) ?? 'http/json';
  if (protocol !== 'http/json') throw new ConfigError(`${name} must be http/json on this release, not ${shown(protocol)}`);
}

/** The variable for traces alone when it is set, else the one for all signals. */
function nameOfTraces(environment: Environment, what: string): string {
  const own = `OTEL_EXPORTER_OTLP_TRACES_${what}`;
  return read(environment, own) === null ? `OTEL_EXPORTER_OTLP_${what}` : own;
}

function resourceOf(environment: Environment): Record<string, string> {
  const attributes = pairs(environment, 'OTEL_RESOURCE_ATTRIBUTES');
  const name = read(environment, 'OTEL_SERVICE_NAME');
  return { 'service.name': 'laneway', ...attributes, ...(name === null ? {} : { 'service.name': name }) };
}

/** `name=value,name=value`, percent-encoded where it has to be. Values may be secret: they are not shown. */
function pairs(environment: Environment, name: string): Record<string, string> {
  const parts = (read(environment, name) ?? '').split(',').map((part) => part.trim());
  return Object.fromEntries(parts.filter((part) => part !== '').map((part) => pairOf(part, name)));
}

function pairOf(part: string, name: string): [string, string] {
  const equals = part.indexOf('=');
  try {
    if (equals > 0) return [decodeURIComponent(part.slice(0, equals).trim()), decodeURIComponent(part.slice(equals + 1).trim())];
  } catch {
    // Told below, as any other text that is not of this form.
  }
  throw new ConfigError(`${name} must be name=value pairs with commas between them, percent-encoded, not what was given`);
}

function word<const Words extends readonly string[]>(
  environment: Environment,
  name: string,
  words: Words,
  fallback: Words[number] = words[0]!,
): Words[number] {
  const text = read(environment, name) ?? fallback;
  const known = words.find((each) => each === text);
  if (known === undefined) throw new ConfigError(`${name} must be one of ${words.join(', ')}, not ${shown(text)}`);
  return known;
}

function number(
  environment: Environment,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const text = read(environment, name);
  if (text === null) return fallback;
  const value = /^[0-9]{1,9}(\.[0-9]{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new ConfigError(`${name} must be a number from ${min} to ${max}, not ${shown(text)}`);
}

/** An empty value counts as not set. */
function read(environment: Environment, name: string): string | null {
  return environment[name]?.trim() || null;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
