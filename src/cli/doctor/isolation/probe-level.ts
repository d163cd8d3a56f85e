import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import AdmZip from 'adm-zip';
import { type LanewayClient, LanewayClientError } from '../../../client/laneway-client.js';
import type { LocalServer } from '../../../client/local-server.js';
import type { VersionView } from '../../../contract/api/functions.js';
import type { RunView } from '../../../contract/api/runs.js';
import type { Isolation } from '../../../contract/words.js';
import { type Bait, HostBait } from './bait.js';
import { cleanUpAfter, type Probe, probes } from './probes.js';

/** What became of one probe: null where this machine can't tell. */
export type ProbeOutcome = 'stopped' | 'not stopped' | null;

/** What one level stops of the probes, by their names; or why it can't be had. */
export type LevelReport = { level: Isolation; probes: Record<string, ProbeOutcome> } | { level: Isolation; refused: string };

/** It is there for as long as the probes of a level take. */
const functionName = 'fas-doctor-isolation';
const pushed = fileURLToPath(new URL('pushed/', import.meta.url));

/** Pushes the probes with this level, runs them one by one, and deletes them. Rejects when the server can't be asked. */
export async function probeLevel(level: Isolation, client: LanewayClient, server: LocalServer): Promise<LevelReport> {
  const path = `/api/v1/functions/${functionName}/lanes/${level}/versions`;
  const host = await HostBait.open();
  try {
    const version = await pushProbes(level, client, path);
    if (typeof version !== 'string') return version;
    try {
      return await runProbes(level, { client, server, host });
    } finally {
      await client.text('DELETE', `${path}/${version}`);
    }
  } finally {
    await host.close();
  }
}

/** The version; a level that the server refuses is told with its reason. */
async function pushProbes(level: Isolation, client: LanewayClient, path: string): Promise<string | LevelReport> {
  try {
    const body = await packProbes(level);
    const { version } = await client.request<VersionView>('POST', path, { body, contentType: 'application/zip' });
    return version;
  } catch (error) {
    return refusalOf(level, error);
  }
}

async function runProbes(level: Isolation, parts: Parts): Promise<LevelReport> {
  const outcomes: Record<string, ProbeOutcome> = {};
  for (const probe of probes) {
    const run = await runProbe(probe, level, parts);
    if ('refused' in run) return { level, refused: run.refused };
    outcomes[probe.name] = run.outcome;
  }
  return { level, probes: outcomes };
}

interface Parts {
  client: LanewayClient;
  server: LocalServer;
  host: HostBait;
}

async function runProbe(
  probe: Probe,
  level: Isolation,
  { client, server, host }: Parts,
): Promise<{ outcome: ProbeOutcome } | { refused: string }> {
  const bait: Bait = {
    marker: `laneway-probe-${randomBytes(8).toString('hex')}`,
    server: { pid: server.pid, data: server.dataFolder, keyFile: server.keyFile ?? '' },
    host: host.describe(),
  };
  const body = JSON.stringify({ function: functionName, lane: level, payload: { probe: probe.name, bait } });
  try {
    const run = await client.request<RunView & { result: unknown }>('POST', '/api/v1/runs', { body });
    if (run.isolation !== level) return { refused: `functions that ask for it run as ${run.isolation}` };
    const told = run.state === 'succeeded' ? JSON.stringify(run.result ?? null) : '';
    const gotOut = await probe.gotOut({ told, bait, host });
    return { outcome: gotOut === null ? null : gotOut ? 'not stopped' : 'stopped' };
  } catch (error) {
    const refusal = refusalOf(level, error);
    if ('refused' in refusal) return refusal;
    throw error;
  } finally {
    for (const file of cleanUpAfter(bait.marker)) rmSync(file, { force: true });
  }
}

/** Rethrows what is not about the level. */
function refusalOf(level: Isolation, error: unknown): { level: Isolation; refused: string } {
  const codes = ['manifest_unsupported', 'isolation_unavailable'];
  if (error instanceof LanewayClientError && codes.includes(error.code)) return { level, refused: error.message };
  throw error;
}

async function packProbes(level: Isolation): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new AdmZip();
  for (const file of await readdir(pushed, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    zip.addFile(path.slice(pushed.length), await readFile(path));
  }
  // A worker of its own for each: what one of them leaves behind is not to help the next one.
  zip.addFile(
    'laneway.json',
    Buffer.from(JSON.stringify({ isolation: level, entry: 'index.mjs', fresh: true, timeout_ms: 10_000 })),
  );
  return new Uint8Array(zip.toBuffer());
}
