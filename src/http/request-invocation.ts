import type { FastifyRequest } from 'fastify';
import { withoutCredentials } from '../access/credentials.js';
import type { KeptInvocation } from '../contract/records.js';
import { pathOf } from './request-path.js';

/**
 * What a request says besides its payload. The headers are cleaned of credentials when they are asked for, and most functions
 * see none. A class, because a getter in an object literal makes a hidden class of its own for each object, all held by one another.
 */
export class RequestInvocation implements KeptInvocation {
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, parameters: Readonly<Record<string, string>>) {
    this.url = pathOf(request);
    this.parameters = parameters;
    this.#request = request;
  }

  get headers(): Readonly<Record<string, string>> {
    return withoutCredentials(this.#request.headers);
  }

  /** As it is kept with a queued run. */
  toJSON(): KeptInvocation {
    const { url, headers, parameters } = this;
    return { url, headers, parameters };
  }
}
