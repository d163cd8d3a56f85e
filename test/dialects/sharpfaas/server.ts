import { LocalBus } from '../../../src/bus/local-bus.js';
import { BodyBudget } from '../../../src/runs/body-budget.js';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import websocket from '@fastify/websocket';
import { fastify, type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { Principal } from '../../../src/contract/principal.js';
import type { RunEvent, RunRecord, VersionRecord } from '../../../src/contract/records.js';
import type { PushRequest } from '../../../src/contract/store.js';
import { scopes, type Scope } from '../../../src/contract/words.js';
import { canonicalUrl } from '../../../src/dialects/sharpfaas/canonical-url.js';
import type { HubTimes, SharpFaasParts } from '../../../src/dialects/sharpfaas/parts.js';
import { sharpfaas } from '../../../src/dialects/sharpfaas/sharpfaas.js';
import { LanewayError } from '../../../src/errors.js';
import type { Followed } from '../../../src/runs/follow-run.js';
import type { AcceptedRun, PreparedRun, RunRequest } from '../../../src/runs/run-request.js';

export const encryptionKey = '0123456789abcdef0123456789abcdef';
export const maxUploadBytes = 100_000;
export const maxPayloadBytes = 50_000;

export interface Served {
  app: FastifyInstance;
  /** `http://127.0.0.1:<port>` once `listen` was called. */
  listen: () => Promise<string>;
  runs: RunsInMemory;
  store: StoreInMemory;
}

export interface ServedOptions {
  encryptionKey?: string | null;
  hubTimes?: HubTimes;
  maxConnections?: number;
}

/** The dialect on a Fastify server of its own, over runs and a store that are kept in memory. */
export async function serve(t: TestContext, options: ServedOptions = {}): Promise<Served> {
  const app = fastify({ rewriteUrl: (request) => canonicalUrl(request.url ?? '/') });
  t.after(() => app.close());
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof LanewayError)) throw error;
    return reply.code(error.status).send({ error: { code: error.code, message: error.message, details: error.details } });
  });
  const runs = new RunsInMemory();
  const store = new StoreInMemory();
  const parts: SharpFaasParts = {
    runs,
    store,
    authorize,
    authorizeKey,
    seal: plainSeal,
    bus: new LocalBus(pino({ level: 'silent' })),
    audit: async ({ by, action, target }) => void store.audited.push(`${by?.keyId} ${action} ${target}`),
    encryptionKey: options.encryptionKey === undefined ? encryptionKey : options.encryptionKey,
    limits: { maxUploadBytes, maxPayloadBytes, maxConnections: options.maxConnections ?? 10 },
    log: pino({ level: 'silent' }),
    bodies: new BodyBudget(2 ** 20),
    ...(options.hubTimes && { hubTimes: options.hubTimes }),
  };
  await app.register(websocket, { options: { maxPayload: 2 ** 20 } });
  await app.register(sharpfaas(parts));
  await app.ready();
  const listen = async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  };
  return { app, listen, runs, store };
}

/** Seals nothing; what has its mark counts as sealed here. */
export const plainSeal: SharpFaasParts['seal'] = {
  seal: (text) => `sealed.${Buffer.from(text).toString('base64url')}`,
  open: (text) => (text.startsWith('sealed.') ? Buffer.from(text.slice(7), 'base64url').toString() : null),
};

const principals: Record<string, Principal> = {
  all: principal('all', {}),
  other: principal('other', {}),
  push: principal('push', { scopes: new Set<Scope>(['push']) }),
  mail: principal('mail', { scopes: new Set<Scope>(['push', 'run', 'read']), functions: new Set(['mail']) }),
};
function principal(keyId: string, more: Partial<Principal>): Principal {
  return { keyId, scopes: new Set(scopes), functions: null, lanes: null, ratePerMinute: null, maxConcurrent: null, ...more };
}
/** Keys that were revoked while a test ran. */
export const revoked = new Set<string>();

const authorize: SharpFaasParts['authorize'] = (request, scope, target) => {
  const header = request.headers.authorization?.replace(/^Bearer /, '');
  const inQuery = request.headers.upgrade ? (request.query as Record<string, string>).access_token : undefined;
  return authorizeKey(header ?? inQuery ?? null, scope, target);
};

/** Keys are their own ids here. */
const authorizeKey: SharpFaasParts['authorizeKey'] = (key, scope, target) => {
  if (key === null) throw new LanewayError('key_missing');
  const principal = principals[key];
  if (principal === undefined || revoked.has(key)) throw new LanewayError('key_invalid');
  if (!principal.scopes.has(scope)) throw new LanewayError('scope_missing', { scope });
  if (target && principal.functions?.has(target.function) === false) {
    throw new LanewayError('key_not_for_function', target);
  }
  return principal;
};

export class RunsInMemory {
  readonly accepted: RunRequest[] = [];
  readonly records = new Map<string, RunRecord>();
  readonly cancelled: string[] = [];
  /** Thrown by the next `accept`. */
  refusal: Error | null = null;
  readonly #events = new Map<string, Followed[]>();
  #wake: (() => void)[] = [];

  readonly find = {
    get: async (id: string): Promise<RunRecord> => {
      const run = this.records.get(id);
      if (run === undefined) throw new LanewayError('run_not_found', { id });
      return run;
    },
    list: async (
      filter: { states?: readonly string[]; openOrEndedFrom?: number },
      limit: number,
      after: { id: string } | null,
    ) => {
      const fitting = [...this.records.values()].filter(
        (run) =>
          (filter.states?.includes(run.state) ?? true) && (run.endedAt === null || run.endedAt >= (filter.openOrEndedFrom ?? 0)),
      );
      const from = after === null ? 0 : fitting.findIndex(({ id }) => id === after.id) + 1;
      return fitting.slice(from, from + limit);
    },
  };

  readonly following = {
    follow: async (id: string, _place: unknown, signal: AbortSignal) => this.#read(id, signal),
  };

  accept = async (request: RunRequest): Promise<AcceptedRun> => {
    const refusal = this.refusal;
    if (refusal !== null) throw refusal;
    if (request.function === 'unknown') throw new LanewayError('function_not_found', { function: 'unknown' });
    if (request.payload !== null) {
      try {
        JSON.parse(request.payload);
      } catch {
        throw new LanewayError('payload_invalid', { problem: 'it is not' });
      }
    }
    const id = request.id ?? `00000000-0000-7000-8000-${String(this.accepted.length).padStart(12, '0')}`;
    if (this.records.has(id)) throw new LanewayError('run_id_in_use', { id });
    this.accepted.push(request);
    const version = request.version === '0' || request.version === '' ? '1.4' : request.version;
    this.add({ id, function: request.function, lane: request.lane, callerId: request.callerId, type: request.type, version });
    const deployed = { function: request.function, lane: request.lane, version };
    const entry = { runtime: request.type === 'exe' ? 'executable' : 'node', file: 'index.mjs' };
    const prepared = { id, request, version: deployed, entry, isolation: 'process', timeoutMs: 1000 } as PreparedRun;
    return { id, isRepeated: false, prepared };
  };

  cancel = async (id: string): Promise<RunRecord> => {
    const run = await this.find.get(id);
    if (run.endedAt !== null) throw new LanewayError('run_ended', { id, state: run.state });
    this.cancelled.push(id);
    this.end(id, { state: 'cancelled' });
    return this.find.get(id);
  };

  add(run: Partial<RunRecord> & { id: string }): void {
    this.records.set(run.id, { ...blank, createdAt: Date.now(), ...run });
  }

  emit(id: string, event: Partial<RunEvent>): void {
    const events = this.#events.get(id) ?? [];
    events.push({
      event: { runId: id, attempt: 1, seq: events.length + 1, at: 0, kind: 'log', stream: 'stdout', data: '', ...event },
    });
    this.#events.set(id, events);
    for (const wake of this.#wake.splice(0)) wake();
  }

  end(id: string, how: Partial<RunRecord>): void {
    const run = { ...this.records.get(id)!, endedAt: Date.now(), ...how };
    this.records.set(id, run);
    this.#events.set(id, [...(this.#events.get(id) ?? []), { ended: run }]);
    for (const wake of this.#wake.splice(0)) wake();
  }

  async *#read(id: string, signal: AbortSignal): AsyncGenerator<Followed, void, void> {
    for (let at = 0; !signal.aborted;) {
      const next = this.#events.get(id)?.[at];
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake.push(resolve);
          signal.addEventListener('abort', () => resolve());
        });
        continue;
      }
      at += 1;
      yield next;
      if ('ended' in next) return;
    }
  }
}

const blank: RunRecord = {
  id: '',
  mode: 'queued',
  source: 'sharpfaas',
  executor: 'local',
  callerId: 'me',
  keyId: null,
  function: 'mail',
  lane: 'dev',
  version: '1.4',
  versionAsked: '0',
  isolation: null,
  type: null,
  entryFile: null,
  state: 'queued',
  reason: null,
  message: null,
  exitCode: null,
  attempt: 1,
  fence: 1,
  priority: 0,
  dueAt: 0,
  readyAt: null,
  failures: 0,
  policy: null,
  expiresAt: null,
  traceparent: null,
  redriveOf: null,
  redrivenAs: null,
  scheduleId: null,
  deadAt: null,
  delivery: null,
  leaseUntil: null,
  leaseOwner: null,
  deaths: 0,
  cancelRequestedAt: null,
  createdAt: 0,
  startedAt: null,
  endedAt: null,
  timeoutMs: 1000,
  timings: null,
  payloadBytes: 0,
  resultBytes: 0,
};

export class StoreInMemory {
  readonly audited: string[] = [];
  readonly kept: { request: PushRequest; bytes: Buffer }[] = [];
  /** Uploads whose stream failed, by what it failed with. */
  readonly failed: Error[] = [];
  /** Thrown by the next push before anything is read. */
  refusal: Error | null = null;

  push = async (request: PushRequest): Promise<VersionRecord> => {
    const chunks: Buffer[] = [];
    try {
      if (this.refusal !== null) throw this.refusal;
      for await (const chunk of request.zip as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch (error) {
      request.zip.destroy();
      this.failed.push(error as Error);
      throw error;
    }
    this.kept.push({ request, bytes: Buffer.concat(chunks) });
    return { function: request.function, lane: request.lane, major: request.newMajor ? 2 : 1, minor: 1 } as VersionRecord;
  };
}
