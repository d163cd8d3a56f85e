import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { LaneParams, PushQuery, VersionList, VersionParams, VersionView } from '../../contract/api/functions.js';
import { LanewayError } from '../../errors.js';
import { mediaType } from '../answer-errors.js';
import { needs, principalOf } from '../authorize.js';
import { requireWithinBinding } from '../read-run-request.js';
import { receiveUpload } from '../receive-upload.js';
import { versionText, versionView } from '../views.js';
import type { HttpParts } from './parts.js';

const zipTypes = /^application\/(zip|x-zip-compressed|octet-stream)\b/i;

/** Versions of a lane: push, list, get, download, delete. A push is streamed to the store, as raw zip or as a multipart file. */
export async function versionRoutes(
  app: FastifyInstance,
  { store, executor, authorize, audit, maxUploadBytes }: HttpParts,
): Promise<void> {
  const lanePath = '/functions/:name/lanes/:lane/versions';
  const versionPath = `${lanePath}/:version`;
  const reads = needs(authorize, 'read');
  const pushes = needs(authorize, 'push');

  app.get<{ Params: LaneParams }>(
    lanePath,
    { onRequest: reads, schema: { params: LaneParams, response: { 200: VersionList } } },
    async ({ params }) => ({ versions: (await store.versions(params.name, params.lane)).map(versionView) }),
  );

  app.get<{ Params: VersionParams }>(
    versionPath,
    { onRequest: reads, schema: { params: VersionParams, response: { 200: VersionView } } },
    async ({ params }) => versionView(await store.version(params.name, params.lane, params.version)),
  );

  app.get<{ Params: VersionParams }>(
    `${versionPath}/artifact`,
    { onRequest: needs(authorize, 'push'), schema: { params: VersionParams, description: 'The zip as pushed.' } },
    async ({ params }, reply) => {
      const { name, lane, version } = params;
      const { stream, sizeBytes, sha256 } = await store.artifact(name, lane, version);
      return reply
        .type('application/zip')
        .header('content-length', sizeBytes)
        .header('etag', `"${sha256}"`)
        .header('content-disposition', `attachment; filename="${name}-${lane}-${version}.zip"`)
        .send(stream);
    },
  );

  app.delete<{ Params: VersionParams }>(
    versionPath,
    { onRequest: pushes, schema: { params: VersionParams, response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      const { name, lane, version } = request.params;
      await store.remove(name, lane, version);
      executor.retire(`${name}/${lane}/${version}`);
      await audit({ by: request.principal, action: 'version.delete', target: `${name}/${lane}/${version}`, address: request.ip });
      return reply.code(204).send();
    },
  );

  await app.register(async (uploads) => {
    // The body is the upload itself: nothing may read it into memory.
    uploads.removeAllContentTypeParsers();
    await uploads.register(multipart, { throwFileSizeLimit: false });
    uploads.addContentTypeParser(zipTypes, { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, stream, done) =>
      done(null, stream),
    );
    uploads.post<{ Params: LaneParams; Querystring: PushQuery }>(
      lanePath,
      { onRequest: pushes, schema: { params: LaneParams, querystring: PushQuery, response: { 201: VersionView } } },
      async (request, reply) => {
        const { name, lane } = request.params;
        const { new_major: newMajor = false, type = null } = request.query;
        const zip = await uploadOf(request, maxUploadBytes);
        const principal = principalOf(request);
        const made = await store.push({
          function: name,
          lane,
          newMajor,
          zip,
          type,
          pushedBy: principal.keyId,
          requireDestination: (destination) => requireWithinBinding(destination, principal),
        });
        const target = `${name}/${lane}/${versionText(made)}`;
        await audit({
          by: request.principal,
          action: 'version.push',
          target,
          details: { sha256: made.sha256 },
          address: request.ip,
        });
        return reply.code(201).send(versionView(made));
      },
    );
  });
}

/** The zip as a stream whose destruction leaves the connection open for the answer. */
async function uploadOf(request: FastifyRequest, limit: number): Promise<Readable> {
  if (request.isMultipart()) return multipartFile(request, limit);
  if (!zipTypes.test(request.headers['content-type'] ?? '')) throw mediaType(request, 'application/zip or multipart/form-data');
  if (Number(request.headers['content-length']) > limit) throw new LanewayError('zip_too_large', { limit });
  return Readable.from(request.raw.iterator({ destroyOnReturn: false }), { objectMode: false });
}

async function multipartFile(request: FastifyRequest, limit: number): Promise<Readable> {
  const { file } = await receiveUpload(request, limit);
  if (file === null) throw new LanewayError('body_missing', { problem: 'send the zip as the multipart file "file"' });
  return file.zip;
}
