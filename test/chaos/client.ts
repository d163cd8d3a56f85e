import AdmZip from 'adm-zip';
import { adminKey } from './installation.js';
import type { ServerProcess } from './server-process.js';

/** What came of a request: its status and body, or null when the connection was refused, lost or silent. */
export type Answer = { status: number; text: string } | null;

const patienceMs = 15_000;

/** Asks one server; never rejects: a server that is dead or dying is what this is about. */
export async function ask(server: ServerProcess, method: string, path: string, json?: unknown): Promise<Answer> {
  if (server.url === null) return null;
  try {
    const answer = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(patienceMs),
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return null;
  }
}

/** Pushes files as a version; throws when it is refused. */
export async function push(server: ServerProcess, name: string, files: Record<string, string>): Promise<void> {
  const zip = new AdmZip();
  for (const [file, text] of Object.entries(files)) zip.addFile(file, Buffer.from(text));
  const answer = await fetch(`${server.url}/api/v1/functions/${name}/lanes/latest/versions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/zip' },
    body: new Uint8Array(zip.toBuffer()),
  });
  if (answer.status !== 201) throw new Error(`push answered ${answer.status}: ${await answer.text()}`);
}

/** Runs that have not ended, by the server's metrics; null when it does not tell. For pacing, never for a verdict. */
export async function countOpen(server: ServerProcess): Promise<number | null> {
  const answer = await ask(server, 'GET', '/metrics');
  if (answer?.status !== 200) return null;
  const counts = ['queued', 'running'].map((state) =>
    new RegExp(`^laneway_runs_recorded\\{state="${state}"\\} (\\d+)$`, 'm').exec(answer.text),
  );
  if (counts.some((count) => count === null)) return null;
  return counts.reduce((sum, count) => sum + Number(count![1]), 0);
}
