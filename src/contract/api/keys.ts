import { Type, type Static } from '../schema.js';
import { FunctionName, LaneName, oneOf, scopes, Timestamp, nullable } from '../words.js';

const Scopes = Type.Array(oneOf(scopes, 'What the key may do.'), { minItems: 1, uniqueItems: true });

export const KeyView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    functions: nullable(Type.Array(Type.String())),
    lanes: nullable(Type.Array(Type.String())),
    expires_at: nullable(Timestamp),
    rate_per_minute: nullable(Type.Integer()),
    max_concurrent: nullable(Type.Integer()),
    created_at: Timestamp,
    created_by: nullable(Type.String()),
    revoked_at: nullable(Timestamp),
  },
  { description: 'A key without its secret.' },
);
export type KeyView = Static<typeof KeyView>;
export const KeyList = Type.Object({ keys: Type.Array(KeyView) });
export const NewKey = Type.Object({ key: Type.String({ description: 'Shown this once.' }), ...KeyView.properties });

export const KeyBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    scopes: Scopes,
    functions: Type.Optional(Type.Array(FunctionName, { minItems: 1, maxItems: 1000 })),
    lanes: Type.Optional(Type.Array(LaneName, { minItems: 1, maxItems: 1000 })),
    expires_at: Type.Optional(Timestamp),
    rate_per_minute: Type.Optional(Type.Integer({ minimum: 1 })),
    max_concurrent: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type KeyBody = Static<typeof KeyBody>;

export const SecretBody = Type.Object({ value: Type.String() }, { additionalProperties: false });
export type SecretBody = Static<typeof SecretBody>;
export const SecretParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });
export type SecretParams = Static<typeof SecretParams>;
export const SecretList = Type.Object({ secrets: Type.Array(Type.Object({ name: Type.String(), updated_at: Timestamp })) });

export const AuditQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'The `id` of the last entry of the page before.' })),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;
export const AuditList = Type.Object({
  entries: Type.Array(
    Type.Object({
      id: Type.Integer(),
      at: Timestamp,
      key_id: nullable(Type.String()),
      action: Type.String(),
      target: Type.String(),
      details: Type.Record(Type.String(), Type.Unknown()),
      address: nullable(Type.String()),
    }),
  ),
});
