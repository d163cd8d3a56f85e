import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Session } from '../session.js';
import { failed, ok, patienceMs, type Finding } from './finding.js';

const execute = promisify(execFile);
const part = 'limits';
const probe = fileURLToPath(new URL('../../runtime/limits/probe.js', import.meta.url));

/** What holds the limits of worker processes: as the running server says, which may have groups that this shell has not. */
export async function checkLimits(session: Session): Promise<Finding> {
  try {
    const limits = (await askServer(session)) ?? (await tryHere());
    if (!limits.startsWith('rlimits')) return ok(part, limits);
    const mend = 'run the server as root, or under systemd with Delegate=yes';
    return { part, state: 'missing', detail: limits, mend };
  } catch (error) {
    return failed(part, error, 'look into /sys/fs/cgroup');
  }
}

async function askServer(session: Session): Promise<string | null> {
  try {
    const client = await session.connect();
    const answer = await client.text('GET', '/ready', { signal: AbortSignal.timeout(patienceMs) });
    return (JSON.parse(answer) as { limits?: string }).limits ?? null;
  } catch {
    // There is none, or it is another machine's matter: `checkServer` tells.
    return null;
  }
}

async function tryHere(): Promise<string> {
  const { stdout } = await execute(process.execPath, [probe], { timeout: patienceMs });
  return stdout.trim();
}
