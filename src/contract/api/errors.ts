import { Type } from '../schema.js';

/** The body of every refusal of the native API. */
export const ErrorAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'A stable word, see docs/errors.md.' }),
      message: Type.String(),
      details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    }),
  },
  { $id: 'ErrorAnswer', description: 'A refusal.' },
);
