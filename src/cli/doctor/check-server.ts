import { patienceMs, failed, ok, type Finding } from './finding.js';
import type { Session } from '../session.js';

/** The server that other commands would talk to. */
export async function checkServer(session: Session): Promise<Finding> {
  const client = await session.connect().catch(() => null);
  if (client === null) return { part: 'server', state: 'off', detail: 'none of yours runs here', mend: 'npm start' };
  try {
    await client.text('GET', '/ready', { signal: AbortSignal.timeout(patienceMs) });
    return ok('server', `ready at ${client.url}`);
  } catch (error) {
    return failed('server', error, 'look into its log, or say where one runs with LANEWAY_URL');
  }
}
