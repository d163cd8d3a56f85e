import { readEvents, type ServerSentEvent } from './read-events.js';

export interface ClientOptions {
  /** Where the server is, without `/api/v1`. */
  url: string;
  key: string | null;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** JSON text, or a file as it is. */
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  contentType?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Thrown for everything but a success: `unreachable` and `not_laneway` have no status, refusals have the server's code. */
export class LanewayClientError extends Error {
  override name = 'LanewayClientError';
  readonly code: string;
  readonly status: number | null;
  readonly details: Record<string, unknown>;
  /** Whole seconds, when the server named them. */
  readonly retryAfter: number | null;

  constructor(code: string, message: string, more: Partial<LanewayClientError> = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.status = more.status ?? null;
    this.details = more.details ?? {};
    this.retryAfter = more.retryAfter ?? null;
  }
}

/** The native API over fetch; knows how to ask and what went wrong, not what the answers mean. */
export class LanewayClient {
  readonly url: string;
  readonly #key: string | null;

  constructor({ url, key }: ClientOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#key = key;
  }

  /** The answer's JSON. */
  async request<Answer>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const text = await this.text(method, path, options);
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw notLaneway(this.url, 'the answer is not JSON');
    }
  }

  /** The answer as text. */
  async text(method: string, path: string, options: RequestOptions = {}): Promise<string> {
    const response = await this.#send(method, path, options);
    return response.text().catch((cause: unknown) => this.#failed(cause));
  }

  /** Server-sent events from an endpoint, until the server ends them or the connection breaks. */
  async *events(path: string, options: RequestOptions & { lastEventId?: string | null } = {}): AsyncGenerator<ServerSentEvent> {
    const { lastEventId, headers, ...rest } = options;
    const resume: Record<string, string> = lastEventId ? { 'last-event-id': lastEventId } : {};
    const response = await this.#send('GET', path, { ...rest, headers: { ...headers, ...resume, accept: 'text/event-stream' } });
    if (response.body === null) return;
    try {
      yield* readEvents(response.body);
    } catch (cause) {
      this.#failed(cause);
    }
  }

  async #send(method: string, path: string, options: RequestOptions): Promise<Response> {
    const { body, contentType = 'application/json', signal } = options;
    const response = await fetch(this.url + path + queryText(options.query), {
      method,
      headers: {
        accept: 'application/json, text/plain',
        ...(this.#key === null ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body, duplex: 'half' as const }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => this.#failed(cause));
    if (response.ok) return response;
    throw await refusalOf(response, this.url);
  }

  #failed(error: unknown): never {
    if (error instanceof LanewayClientError || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw new LanewayClientError('unreachable', `cannot reach ${this.url}: ${reasonOf(error)}`, { cause: error });
  }
}

async function refusalOf(response: Response, url: string): Promise<LanewayClientError> {
  const text = await response.text().catch(() => '');
  const { error } = parseRefusal(text);
  if (typeof error?.code !== 'string') return notLaneway(url, `it answered ${response.status}`);
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  return new LanewayClientError(error.code, error.message ?? error.code, {
    status: response.status,
    details: error.details ?? {},
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : null,
  });
}

interface Refusal {
  error?: { code?: unknown; message?: string; details?: Record<string, unknown> };
}

function parseRefusal(text: string): Refusal {
  try {
    return (JSON.parse(text) ?? {}) as Refusal;
  } catch {
    return {};
  }
}

function notLaneway(url: string, problem: string): LanewayClientError {
  return new LanewayClientError('not_laneway', `what answers at ${url} is not a Laneway server: ${problem}`);
}

function queryText(query: RequestOptions['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** fetch hides the reason in its cause: "ECONNREFUSED" says more than "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
