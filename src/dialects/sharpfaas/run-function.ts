import type { FastifyReply, FastifyRequest } from 'fastify';
import { makeRoom } from '../../http/make-room.js';
import { withoutCredentials } from '../../access/credentials.js';
import type { KeptInvocation } from '../../contract/records.js';
import { defaultLane } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import { traceOf } from '../../http/read-run-request.js';
import { newRunId } from '../../runs/run-id.js';
import { type AskedRun, buildRunRequest, readType } from './build-run-request.js';
import { describeStart, type StartAnswer } from './describe-run.js';
import type { SharpFaasParts } from './parts.js';
import { sendProblems } from './problem.js';
import { mediaType, readBody } from './read-body.js';
import { Parameters } from './read-parameters.js';
import { sendText } from './send-text.js';

const wrongType = 'Passed in FuntionType is not a valid FunctionType.';

/** POST RunFunction: takes a queued run and answers at once. */
export async function runFunction(request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts): Promise<FastifyReply> {
  const parameters = new Parameters(request.url);
  const functionName = parameters.required('functionName');
  const lane = parameters.withDefault('lane', defaultLane);
  const principal = parts.authorize(request, 'run', functionName === '' ? undefined : { function: functionName, lane });

  const callerId = parameters.required('callerId');
  const given = parameters.guid('instanceId');
  const encrypted = parameters.flag('payLoadEncrypted', false);
  const type = parameters.given('type') ?? 'dll';
  const version = parameters.given('version') ?? '0';
  await makeRoom(request, parts.limits.maxPayloadBytes, parts.bodies);
  const payload = await readPayload(request, { parameters, encrypted, limit: parts.limits.maxPayloadBytes });
  if (parameters.problems.any) return sendProblems(reply, parameters.problems);

  const id = given ?? newRunId();
  const startedAt = Date.now();
  const answer: StartAnswer = {
    callerId,
    instanceId: id,
    functionName,
    lane,
    version,
    type: type === '' ? null : type,
    exceptions: [],
    startedAt,
  };
  const known = readType(type);
  if (known === null) return refuse(request, reply, { ...answer, exceptions: [wrongType] });

  const asked: AskedRun = {
    id,
    source: 'sharpfaas',
    callerId,
    keyId: principal.keyId,
    function: functionName,
    lane,
    version,
    type: parameters.given('type') === undefined ? null : known,
    entryFile: parameters.text('entryFileName'),
    payload: payload.text,
    encrypted,
    ...traceOf(request),
    invocation: invocationOf(request, parameters),
  };
  try {
    const accepted = await parts.runs.accept(buildRunRequest(asked, parts.encryptionKey));
    return sendText(request, reply, {
      status: 200,
      text: describeStart({ ...answer, version: accepted.prepared.version.version }),
    });
  } catch (error) {
    if (payload.fromBody && !encrypted && error instanceof LanewayError && error.code === 'payload_invalid') {
      parameters.problems.add('$', error.message);
      return sendProblems(reply, parameters.problems);
    }
    return refuse(request, reply, { ...answer, exceptions: [sentenceOf(error)] });
  }
}

/** The sentence of a refusal that this wire tells as a faulted run. Rethrows what it does not: a busy or broken server is no fault of the run. */
function sentenceOf(error: unknown): string {
  const isRefusal =
    error instanceof LanewayError && (error.status < 500 || error.code === 'bad_artifact') && error.status !== 429;
  if (!isRefusal) throw error;
  return `Error in processing function. ${error.message}`;
}

function refuse(request: FastifyRequest, reply: FastifyReply, answer: StartAnswer): FastifyReply {
  return sendText(request, reply, { status: 400, text: describeStart(answer) });
}

/**
 * The payload: the body, as every version since 1.0.2 sends it, else the `payload` of the query, as those before did.
 * A body wins, since `payload` may then be a parameter of the function's own.
 */
async function readPayload(
  request: FastifyRequest,
  { parameters, encrypted, limit }: { parameters: Parameters; encrypted: boolean; limit: number },
): Promise<{ text: string | null; fromBody: boolean }> {
  const body = hasBody(request) ? await readBody(request, limit) : '';
  if (body.trim() !== '') {
    refuseOtherTypes(request, encrypted);
    return { text: encrypted ? encryptedText(body) : body, fromBody: true };
  }
  const inQuery = parameters.text('payload');
  if (inQuery === null) parameters.problems.add('', 'A non-empty request body is required.');
  return { text: inQuery, fromBody: false };
}

function hasBody(request: FastifyRequest): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function refuseOtherTypes(request: FastifyRequest, encrypted: boolean): void {
  const type = mediaType(request);
  if (type === 'application/json' || type === 'text/json' || /^application\/[^/]+\+json$/.test(type)) return;
  if (encrypted && type === 'text/plain') return;
  throw new LanewayError('media_type_not_supported', { value: type, allowed: 'application/json' });
}

/** The Base64 text of an encrypted body: a JSON string, or the text as it is. */
function encryptedText(body: string): string {
  const string = /^\s*"([A-Za-z0-9+/=:]*)"\s*$/.exec(body.replaceAll('\\/', '/'));
  return string?.[1] ?? body;
}

function invocationOf(request: FastifyRequest, parameters: Parameters): KeptInvocation {
  return {
    url: request.originalUrl.split('?', 1)[0]!,
    headers: withoutCredentials(request.headers),
    parameters: parameters.forFunction(),
  };
}
