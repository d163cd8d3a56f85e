import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/**
 * What is wrong with a request's parameters, told as ASP.NET Core 6 tells it (its default model binding messages and
 * its `ValidationProblemDetails`).
 */
export class Problems {
  readonly #errors = new Map<string, string[]>();

  get any(): boolean {
    return this.#errors.size > 0;
  }

  add(name: string, sentence: string): void {
    const known = this.#errors.get(name);
    if (known === undefined) this.#errors.set(name, [sentence]);
    else known.push(sentence);
  }

  missing(name: string): void {
    this.add(name, `The ${name} field is required.`);
  }

  /** A value that can not be read as what it should be; nullable or not makes no difference to these words. */
  notValid(name: string, value: string): void {
    this.add(name, `The value '${value}' is not valid.`);
  }

  /** A blank where a value must be. */
  blank(name: string): void {
    this.add(name, `The value '' is invalid.`);
  }

  /** ASP.NET keeps its errors by length of name, then by name. */
  toErrors(): Record<string, string[]> {
    const sorted = [...this.#errors].sort(([a], [b]) => a.length - b.length || (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    return Object.fromEntries(sorted);
  }
}

/** Answers 400 with the problem document (RFC 7807). */
export function sendProblems(reply: FastifyReply, problems: Problems): FastifyReply {
  const body = {
    type: 'https://tools.ietf.org/html/rfc7231#section-6.5.1',
    title: 'One or more validation errors occurred.',
    status: 400,
    traceId: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
    errors: problems.toErrors(),
  };
  return reply.code(400).header('content-type', 'application/problem+json; charset=utf-8').send(JSON.stringify(body));
}
