import { withoutCredentialParameters } from '../../access/credentials.js';
import { readRunId } from '../../runs/run-id.js';
import { Problems } from './problem.js';

/**
 * The scalars of a request, bound as ASP.NET binds them: names in any letter case, the first of several values, blank is
 * nothing. They come from the query; form fields are looked at for what the query does not say.
 */
export class Parameters {
  readonly problems = new Problems();
  readonly #query: [name: string, value: string][];
  readonly #form: ReadonlyMap<string, string>;

  /** `form` by lower-case names. */
  constructor(url: string, form: ReadonlyMap<string, string> = new Map()) {
    const start = url.indexOf('?');
    this.#query = start < 0 ? [] : [...new URLSearchParams(url.slice(start + 1))];
    this.#form = form;
  }

  /** As received; undefined when it is not there. */
  given(name: string): string | undefined {
    return this.#values(name)[0];
  }

  /** Null when absent or blank. */
  text(name: string): string | null {
    const value = this.given(name);
    return value === undefined || value.trim() === '' ? null : value;
  }

  /** Empty, and a problem, when absent or blank. */
  required(name: string): string {
    const value = this.text(name);
    if (value === null) this.problems.missing(name);
    return value ?? '';
  }

  /** The fallback when absent; blank is a problem. */
  withDefault(name: string, fallback: string): string {
    return this.given(name) === undefined ? fallback : this.required(name);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.given(name)?.trim().toLowerCase();
    if (value === 'true') return true;
    if (value === 'false') return false;
    if (value === '') this.problems.blank(name);
    else if (value !== undefined) this.problems.notValid(name, this.#values(name).join(','));
    return fallback;
  }

  /** A GUID in any form .NET reads, as lower case with dashes; null when absent or blank. */
  guid(name: string): string | null {
    const value = this.text(name);
    const id = value === null ? null : readRunId(value);
    if (value !== null && id === null) this.problems.notValid(name, this.#values(name).join(','));
    return id;
  }

  /** The query as a function gets it: one text a name, several values joined by commas, none that holds a key. */
  forFunction(): Record<string, string> {
    const joined = new Map<string, { name: string; values: string[] }>();
    for (const [name, value] of this.#query) {
      const known = joined.get(name.toLowerCase());
      if (known === undefined) joined.set(name.toLowerCase(), { name, values: [value] });
      else known.values.push(value);
    }
    return withoutCredentialParameters(
      Object.fromEntries([...joined.values()].map(({ name, values }) => [name, values.join(',')])),
    );
  }

  #values(name: string): string[] {
    const wanted = name.toLowerCase();
    const values = this.#query.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
    const field = values.length === 0 ? this.#form.get(wanted) : undefined;
    return field === undefined ? values : [field];
  }
}
