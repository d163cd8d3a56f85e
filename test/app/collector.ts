import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** A span as OTLP/JSON carries it. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code: number; message?: string };
  links: { spanId: string; traceId: string }[];
}
interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number; boolValue?: boolean };
}
interface Batch {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
}

/** An OpenTelemetry collector that keeps what it gets. */
export class Collector {
  readonly spans: Span[] = [];
  readonly requests: { url: string; headers: Record<string, unknown>; resource: Record<string, unknown> }[] = [];
  /** What it answers. */
  status = 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const bytes = await buffer(request);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
        const { resourceSpans } = JSON.parse(body.toString()) as Batch;
        const resource = attributesOf(resourceSpans[0]!.resource.attributes);
        this.requests.push({ url: request.url!, headers: request.headers, resource });
        if (this.status === 200) {
          for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) this.spans.push(...spans);
        }
        response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
      })();
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The span of an attempt, and those below it by name. */
  of(runId: string, attempt = 1): { own: Span; stages: Record<string, Span> } | undefined {
    const own = this.spans.find((span) => {
      const attributes = attributesOf(span.attributes);
      return attributes['faas.invocation_id'] === runId && attributes['laneway.attempt'] === attempt;
    });
    if (own === undefined) return undefined;
    const below = this.spans.filter(({ parentSpanId, kind }) => parentSpanId === own.spanId && kind === 1);
    return { own, stages: Object.fromEntries(below.map((span) => [span.name, span])) };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export function attributesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** Milliseconds. */
export function lengthOf({ startTimeUnixNano, endTimeUnixNano }: Span): number {
  return Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
}
