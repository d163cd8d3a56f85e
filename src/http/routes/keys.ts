import type { FastifyInstance } from 'fastify';
import {
  AuditList,
  AuditQuery,
  KeyBody,
  KeyList,
  NewKey,
  SecretBody,
  SecretList,
  SecretParams,
} from '../../contract/api/keys.js';
import { needs, needsScope } from '../authorize.js';
import { keyView, time } from '../views.js';
import type { HttpParts } from './parts.js';

/** Administration: keys, secrets and the audit table. A key's secret is shown once, a secret's value never. */
export function keyRoutes(app: FastifyInstance, { records, ring, secrets, audit, authorize }: HttpParts): void {
  const administers = needs(authorize, 'admin');
  const secretOptions = { onRequest: needsScope(authorize, 'admin') };

  app.get('/keys', { onRequest: administers, schema: { response: { 200: KeyList } } }, async () => ({
    keys: (await records.keys.all()).map(keyView),
  }));

  app.post<{ Body: KeyBody }>(
    '/keys',
    { onRequest: administers, schema: { body: KeyBody, response: { 201: NewKey } } },
    async (request, reply) => {
      const { expires_at: expiresAt, rate_per_minute: ratePerMinute, max_concurrent: maxConcurrent, ...wish } = request.body;
      const issued = await ring.issue({
        ...wish,
        expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
        ratePerMinute: ratePerMinute ?? null,
        maxConcurrent: maxConcurrent ?? null,
        createdBy: request.principal?.keyId ?? null,
      });
      const details = { name: wish.name, scopes: wish.scopes };
      await audit({ by: request.principal, action: 'key.create', target: issued.record.id, details, address: request.ip });
      return reply.code(201).send({ key: issued.token, ...keyView(issued.record) });
    },
  );

  app.delete<{ Params: { id: string } }>(
    '/keys/:id',
    { onRequest: administers, schema: { response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      await ring.revoke(request.params.id);
      await audit({ by: request.principal, action: 'key.revoke', target: request.params.id, address: request.ip });
      return reply.code(204).send();
    },
  );

  app.get('/secrets', { onRequest: administers, schema: { response: { 200: SecretList } } }, async () => ({
    secrets: secrets.list().map(({ name, updatedAt }) => ({ name, updated_at: time(updatedAt) })),
  }));

  app.put<{ Params: SecretParams; Body: SecretBody }>(
    '/secrets/:name',
    { ...secretOptions, schema: { params: SecretParams, body: SecretBody, response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      await secrets.set(request.params.name, request.body.value);
      await audit({ by: request.principal, action: 'secret.set', target: request.params.name, address: request.ip });
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: SecretParams }>(
    '/secrets/:name',
    { ...secretOptions, schema: { params: SecretParams, response: { 204: { type: 'null' } } } },
    async (request, reply) => {
      await secrets.remove(request.params.name);
      await audit({ by: request.principal, action: 'secret.delete', target: request.params.name, address: request.ip });
      return reply.code(204).send();
    },
  );

  app.get<{ Querystring: AuditQuery }>(
    '/audit',
    { onRequest: administers, schema: { querystring: AuditQuery, response: { 200: AuditList } } },
    async ({ query }) => {
      const entries = await records.audit.list(query.limit ?? 50, query.before ?? null);
      return {
        entries: entries.map(({ id, at, keyId, action, target, details, address }) => ({
          id,
          at: time(at),
          key_id: keyId,
          action,
          target,
          details,
          address,
        })),
      };
    },
  );
}
