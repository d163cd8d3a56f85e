import type { Bus } from '../../src/contract/bus.js';
import type { AuditEntry, AuditRecords, KeyRecord, KeyRecords, SecretRecords } from '../../src/contract/records.js';

/** The rows that several servers share. */
export class MemoryKeys implements KeyRecords {
  rows = new Map<string, KeyRecord>();
  failing: Error | null = null;

  async insert(key: KeyRecord): Promise<void> {
    await this.#turn();
    if (this.rows.has(key.id)) throw new Error('unique constraint on keys.id');
    this.rows.set(key.id, structuredClone(key));
  }

  async revoke(id: string, at: number): Promise<boolean> {
    await this.#turn();
    const row = this.rows.get(id);
    if (!row || row.revokedAt !== null) return false;
    row.revokedAt = at;
    return true;
  }

  async all(): Promise<KeyRecord[]> {
    await this.#turn();
    return [...this.rows.values()].map((row) => structuredClone(row));
  }

  /** As a database would: other callers get their turn in between. */
  async #turn(): Promise<void> {
    await new Promise(setImmediate);
    if (this.failing) throw this.failing;
  }
}

export class MemorySecrets implements SecretRecords {
  rows = new Map<string, { name: string; sealed: string; updatedAt: number }>();

  async set(name: string, sealed: string): Promise<void> {
    this.rows.set(name, { name, sealed, updatedAt: this.rows.size + 1 });
  }
  async remove(name: string): Promise<boolean> {
    return this.rows.delete(name);
  }
  async all(): Promise<{ name: string; sealed: string; updatedAt: number }[]> {
    return [...this.rows.values()];
  }
}

export class MemoryAudit implements AuditRecords {
  entries: AuditEntry[] = [];

  async append(entry: Omit<AuditEntry, 'id'>): Promise<void> {
    this.entries.push({ ...entry, id: this.entries.length + 1 });
  }
  async list(limit: number): Promise<AuditEntry[]> {
    return this.entries.toReversed().slice(0, limit);
  }
}

/** A bus in one process that can lose its connection. */
export class MemoryBus implements Bus {
  connected = true;
  #handlers = new Map<string, Set<(message: string) => void>>();
  #reconnects = new Set<() => void>();

  publish(topic: string, message: string): void {
    if (!this.connected) return;
    for (const handle of this.#handlers.get(topic) ?? []) handle(message);
  }
  subscribe(topic: string, handle: (message: string) => void): () => void {
    const handlers = this.#handlers.get(topic) ?? new Set();
    this.#handlers.set(topic, handlers.add(handle));
    return () => handlers.delete(handle);
  }
  onReconnect(handle: () => void): () => void {
    this.#reconnects.add(handle);
    return () => this.#reconnects.delete(handle);
  }
  reconnect(): void {
    this.connected = true;
    for (const handle of this.#reconnects) handle();
  }
  subscribers(): number {
    return [...this.#handlers.values()].reduce((sum, handlers) => sum + handlers.size, this.#reconnects.size);
  }
  async check(): Promise<void> {}
  async close(): Promise<void> {}
}
