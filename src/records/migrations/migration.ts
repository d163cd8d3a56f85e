import type { Dialect } from '../dialect.js';

/** One step of the schema. A step that was released is never changed: a new one is added to the list. */
export interface Migration {
  name: string;
  /** The statements, in order. */
  statements(dialect: Dialect): string[];
}
