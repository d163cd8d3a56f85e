/** PostgreSQL's text can't hold a NUL; in a log or message it is shown as the replacement character. */
export function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}

/** JSON text as which PostgreSQL takes rows: the escape of a NUL would be refused. */
export function jsonWithoutNul(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  return json.includes('\\u0000') ? JSON.stringify(rows, (_, value: unknown) => withoutNul(value)) : json;
}
