import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireFunction } from '../../access/scopes.js';
import { defaultLane } from '../../contract/words.js';
import { LanewayError } from '../../errors.js';
import { checkNames, readType } from './build-run-request.js';
import type { SharpFaasParts } from './parts.js';
import { sendProblems } from './problem.js';
import { mediaType } from './read-body.js';
import { Parameters } from './read-parameters.js';
import { requireWithinBinding } from '../../http/read-run-request.js';
import { receiveUpload } from '../../http/receive-upload.js';
import { sendJson, sendText } from './send-text.js';

/** POST PushFunction: streams a zip into the store. */
export async function pushFunction(request: FastifyRequest, reply: FastifyReply, parts: SharpFaasParts): Promise<FastifyReply> {
  const principal = parts.authorize(request, 'push');
  if (mediaType(request) !== 'multipart/form-data') {
    throw new LanewayError('media_type_not_supported', { value: mediaType(request), allowed: 'multipart/form-data' });
  }
  const { fields, file } = await receiveUpload(request, parts.limits.maxUploadBytes);
  try {
    const parameters = new Parameters(request.url, fields);
    const functionName = parameters.required('functionName');
    const lane = parameters.withDefault('lane', defaultLane);
    const newMajor = parameters.flag('newVersion', false);
    if (file === null) parameters.problems.missing('file');
    if (parameters.problems.any || file === null) return sendProblems(reply, parameters.problems);
    const typeText = parameters.given('type') ?? 'dll';
    const type = readType(typeText);
    if (type === null) return sendJson(reply, { status: 400, body: { message: `Invalid function extension: ${typeText}` } });
    if (file.empty) return sendText(request, reply, { status: 400, text: 'Empty file' });
    if (!file.name.endsWith('zip')) {
      const message = 'Invalid file extension. This endpoint only supports .zip files.';
      return sendJson(reply, { status: 400, body: { message } });
    }
    checkNames(functionName, lane);
    // Only known now: function and lane may come as form fields.
    requireFunction(principal, functionName, lane);
    const saved = await parts.store.push({
      function: functionName,
      lane,
      newMajor,
      zip: file.zip,
      type: parameters.given('type') === undefined ? null : type,
      pushedBy: principal.keyId,
      requireDestination: (destination) => requireWithinBinding(destination, principal),
    });
    const version = `${saved.major}.${saved.minor}`;
    await parts.audit({
      by: principal,
      action: 'version.push',
      target: `${saved.function}/${saved.lane}/${version}`,
      details: { sha256: saved.sha256 },
      address: request.ip,
    });
    const text = `Saved function ${saved.function} to function store in lane: ${saved.lane} as version ${version}`;
    return sendText(request, reply, { status: 200, text });
  } finally {
    file?.zip.destroy();
  }
}
