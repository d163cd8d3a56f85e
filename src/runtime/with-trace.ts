type Headers = readonly (readonly [string, string])[];

/**
 * The request's headers with the trace context of this attempt in place of the caller's. The caller's `tracestate` belongs
 * to its trace: it goes where that does not go on.
 */
export function withTrace(headers: Headers, traceparent: string | null): Headers {
  if (traceparent === null) return headers;
  const came = headers.find(([name]) => name === 'traceparent')?.[1];
  const goesOn = came?.slice(3, 35) === traceparent.slice(3, 35);
  const rest = headers.filter(([name]) => name !== 'traceparent' && (goesOn || name !== 'tracestate'));
  return [...rest, ['traceparent', traceparent]];
}
