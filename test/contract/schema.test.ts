import assert from 'node:assert/strict';
import test from 'node:test';
import { Type as TypeBox } from 'typebox';
import { Type } from '../../src/contract/schema.js';

const shapes = {
  'every kind of value': (build: typeof Type) =>
    build.Object({
      text: build.String({ maxLength: 3, description: 'short' }),
      whole: build.Integer({ minimum: 1 }),
      number: build.Number(),
      flag: build.Boolean({ default: false }),
      nothing: build.Null(),
      anything: build.Unknown({ description: 'any' }),
      one: build.Unsafe<'a' | 'b'>(build.String({ enum: ['a', 'b'] })),
    }),
  'lists and choices': (build: typeof Type) =>
    build.Array(build.Union([build.String(), build.Null()], { description: 'either' }), { maxItems: 2 }),
  'fields that may be left out': (build: typeof Type) =>
    build.Object(
      { must: build.String(), may: build.Optional(build.String({ pattern: '^x$' })) },
      { additionalProperties: false },
    ),
  'only fields that may be left out': (build: typeof Type) => build.Object({ may: build.Optional(build.String()) }),
  'no fields': (build: typeof Type) => build.Object({}, { $id: 'Empty' }),
  'a field made from a copy of one that may be left out': (build: typeof Type) =>
    build.Object({ copied: { ...build.Optional(build.String()), default: 'x' } as ReturnType<typeof build.String> }),
  'any keys': (build: typeof Type) => build.Record(build.String(), build.Unknown()),
  'keys of a pattern': (build: typeof Type) =>
    build.Record(build.String({ pattern: '^[a-z]$' }), build.String(), { additionalProperties: false }),
};

for (const [what, build] of Object.entries(shapes)) {
  test(`makes the same schema of ${what} as TypeBox`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(build(Type))), JSON.parse(JSON.stringify(build(TypeBox))));
  });
}

test('leaves the schema alone that is made optional', () => {
  const name = Type.String();
  Type.Optional(name);
  assert.deepEqual(Type.Object({ name }).required, ['name']);
});
