import { Redis } from 'ioredis';
import { messageOf } from '../errors.js';

const key = 'laneway:installation';

/** Marks this Redis as the installation's own. Rejects with a sentence for the user when it belongs to another or does not answer. */
export async function claimRedis(url: string, installationId: string): Promise<void> {
  const owner = await readOrSetOwner(url, installationId);
  if (owner === installationId) return;
  throw new Error(
    `This Redis belongs to installation ${owner}, these records to ${installationId}: ` +
      'use another Redis (or another database number of it), or the records that belong to this one',
  );
}

async function readOrSetOwner(url: string, installationId: string): Promise<string | null> {
  const connection = new Redis(url, { lazyConnect: true, connectTimeout: 5000, commandTimeout: 5000, retryStrategy: () => null });
  let problem: Error | undefined;
  connection.on('error', (error: Error) => (problem = error));
  try {
    await connection.connect();
    await connection.set(key, installationId, 'NX');
    return await connection.get(key);
  } catch (error) {
    throw new Error(
      `Redis at ${new URL(url).host} does not answer: ${(problem ?? (error as Error)).message || messageOf(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    connection.disconnect();
  }
}
