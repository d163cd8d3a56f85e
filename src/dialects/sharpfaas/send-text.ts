import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with a text as an ASP.NET action that returns a string does: plain, unless the caller accepts JSON and neither
 * plain text nor everything; then the text is a JSON string, also when the text itself is JSON.
 */
export function sendText(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, text }: { status: number; text: string },
): FastifyReply {
  const type = typeFor(request.headers.accept);
  return reply
    .code(status)
    .header('content-type', `${type}; charset=utf-8`)
    .send(type === 'text/plain' ? text : JSON.stringify(text));
}

/** Answers with a JSON object, for the few answers that never were strings. */
export function sendJson(reply: FastifyReply, { status, body }: { status: number; body: object }): FastifyReply {
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}

const typeByRange: Record<string, string> = {
  'text/plain': 'text/plain',
  'text/*': 'text/plain',
  'application/json': 'application/json',
  'application/*': 'application/json',
  'text/json': 'text/json',
};

function typeFor(accept: string | undefined): string {
  const ranges = (accept ?? '').split(',').map(readRange);
  if (ranges.some(({ range }) => range === '*/*')) return 'text/plain';
  const known = ranges.filter(({ range }) => range in typeByRange).sort((a, b) => b.quality - a.quality);
  return typeByRange[known[0]?.range ?? ''] ?? 'text/plain';
}

function readRange(text: string): { range: string; quality: number } {
  const [range = '', ...parameters] = text.split(';').map((piece) => piece.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { range, quality: quality === undefined ? 1 : Number(quality) || 0 };
}
