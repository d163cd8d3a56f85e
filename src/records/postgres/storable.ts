/** PostgreSQL's text can't hold a NUL; in a log or message it is shown as the replacement character. */
export function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}

/** JSON text as which PostgreSQL takes rows: it refuses all of them for one escaped NUL or half of a surrogate pair. */
export function storableJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  return escapedUnstorable.test(json) ? JSON.stringify(rows, (_, value: unknown) => storable(value)) : json;
}

/** Of surrogates JSON.stringify escapes the lone ones only. */
const escapedUnstorable = /\\u(?:0000|d[89a-f])/;
const unstorable = /\0|\p{Surrogate}/gu;

function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(unstorable, '\uFFFD') : value;
}
