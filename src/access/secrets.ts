import type { Bus } from '../contract/bus.js';
import type { SecretRecords } from '../contract/records.js';
import { LanewayError } from '../errors.js';
import { keepFresh, type Freshness } from './keep-fresh.js';
import { seal, unseal } from './seal.js';

export interface SecretsOptions {
  records: SecretRecords;
  bus: Bus;
  sealKey: Buffer;
  /** How often secrets are read again besides messages; null when no other server writes them. */
  pollMs: number | null;
  /** Secrets could not be read again; the known ones stay. */
  onError: (error: unknown) => void;
}

/** What may be told of a secret: never its value. */
export interface SecretView {
  name: string;
  /** Epoch milliseconds. */
  updatedAt: number;
}

/** A value in memory; null when the key of this server does not open it. */
interface Opened {
  sealed: string;
  value: string | null;
  updatedAt: number;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const maxValueBytes = 32_768;

/** The secrets of the installation: sealed in the records, opened in memory, handed to functions that name them. */
export class Secrets {
  readonly #options: SecretsOptions;
  readonly #freshness: Freshness;
  #opened = new Map<string, Opened>();
  #onChange: (name: string) => void = () => {};

  /** Rejects with `secret_unreadable` when there is a secret that the key does not open: better no start than a wrong one. */
  static async open(options: SecretsOptions): Promise<Secrets> {
    const secrets = new Secrets(options);
    try {
      await secrets.#freshness.refresh();
      secrets.secretsFor([...secrets.#opened.keys()]);
    } catch (error) {
      secrets.close();
      throw error;
    }
    return secrets;
  }

  private constructor(options: SecretsOptions) {
    this.#options = options;
    this.#freshness = keepFresh({ ...options, topic: 'secrets', load: () => this.#load() });
  }

  /** Environment values by name, from memory. Throws `secret_not_found` or `secret_unreadable`. */
  secretsFor(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, this.#valueOf(name)]));
  }

  /** Seals and records a value of at most 32 KiB. Throws `secret_name_invalid` or `validation_failed`. */
  async set(name: string, value: string): Promise<void> {
    requireName(name);
    requireValue(value);
    await this.#options.records.set(name, seal(this.#options.sealKey, name, value));
    await this.#changed(name);
  }

  /** Throws `secret_not_found`. */
  async remove(name: string): Promise<void> {
    requireName(name);
    const done = await this.#options.records.remove(name);
    await this.#changed(name);
    if (!done) throw new LanewayError('secret_not_found', { name });
  }

  /** Sorted by name. */
  list(): SecretView[] {
    const views = [...this.#opened].map(([name, { updatedAt }]) => ({ name, updatedAt }));
    return views.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** `handle` is called with the name of each secret that has another value from then on, changed here or elsewhere. */
  onChange(handle: (name: string) => void): void {
    this.#onChange = handle;
  }

  close(): void {
    this.#freshness.close();
  }

  #valueOf(name: string): string {
    const opened = this.#opened.get(name);
    if (opened === undefined) throw new LanewayError('secret_not_found', { name });
    if (opened.value === null) throw new LanewayError('secret_unreadable', { name });
    return opened.value;
  }

  async #changed(name: string): Promise<void> {
    this.#options.bus.publish('secrets', name);
    await this.#freshness.refresh();
  }

  async #load(): Promise<void> {
    const rows = await this.#options.records.all();
    const before = this.#opened;
    this.#opened = new Map(rows.map((row) => [row.name, this.#open(row)]));
    for (const [name, { sealed }] of this.#opened) if (before.get(name)?.sealed !== sealed) this.#onChange(name);
  }

  #open({ name, sealed, updatedAt }: { name: string; sealed: string; updatedAt: number }): Opened {
    const known = this.#opened.get(name);
    const value = known?.sealed === sealed ? known.value : unseal(this.#options.sealKey, name, sealed);
    return { sealed, value, updatedAt };
  }
}

function requireName(name: string): void {
  if (!namePattern.test(name)) throw new LanewayError('secret_name_invalid', { value: name });
}

/** It becomes an environment variable, which can't hold a NUL. */
function requireValue(value: string): void {
  if (Buffer.byteLength(value) <= maxValueBytes && !value.includes('\0')) return;
  throw new LanewayError('validation_failed', { problem: `a secret is at most ${maxValueBytes} bytes of text without NUL` });
}
