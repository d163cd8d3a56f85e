/** A body is handed on as the text it is, after a look: hostile code in a worker may hand out text that is no JSON. */
export function checkedJson(text: string | null): string {
  if (text === null) return 'null';
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
