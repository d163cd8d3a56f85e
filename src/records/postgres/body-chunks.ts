import { randomUUID } from 'node:crypto';
import type { LargeBodies } from '../backend.js';
import { postgresDialect } from '../dialect.js';
import type { PostgresConnection } from './connection.js';

const chunkBytes = 1024 * 1024;
const keptUnusedMs = 24 * 60 * 60 * 1000;

/** Large bodies as rows of a megabyte, so that no statement carries a whole one. */
export class BodyChunks implements LargeBodies {
  constructor(private readonly connection: PostgresConnection) {}

  async keep(text: string): Promise<string> {
    const id = randomUUID();
    const bytes = Buffer.from(text);
    await this.connection.transaction(async (client) => {
      for (let seq = 0; seq * chunkBytes < bytes.length; seq += 1) {
        const data = bytes.subarray(seq * chunkBytes, (seq + 1) * chunkBytes);
        await client.query({ text: insertChunk, values: [id, seq, data] });
      }
    });
    return id;
  }

  async read(reference: string): Promise<string> {
    const chunks: Buffer[] = [];
    for (;;) {
      const { rows } = await this.connection.query({ text: readChunk, values: [reference, chunks.length] });
      if (rows.length === 0) break;
      chunks.push(rows[0]!['data'] as Buffer);
    }
    if (chunks.length === 0) throw new Error(`The payload or result ${reference} is not in the records.`);
    return Buffer.concat(chunks).toString();
  }

  async remove(references: readonly string[]): Promise<void> {
    await this.connection.query({ text: 'delete from run_body_chunks where body_id = any($1)', values: [references] });
  }

  /** Removes what no row refers to. Another server may be about to write the row, so only what is old. */
  async sweep(): Promise<void> {
    await this.connection.query({ text: sweepChunks, values: [keptUnusedMs] });
  }
}

const insertChunk = `insert into run_body_chunks (body_id, seq, kept_at, data) values ($1, $2, ${postgresDialect.now}, $3)`;
const readChunk = 'select data from run_body_chunks where body_id = $1 and seq = $2';
const sweepChunks = `delete from run_body_chunks
  where kept_at < ${postgresDialect.now} - $1::bigint and not exists (select from run_bodies where kept_in = body_id)`;
