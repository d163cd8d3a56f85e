import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { LanewayClientError, type LanewayClient } from '../../client/laneway-client.js';
import type { VersionView } from '../../contract/api/functions.js';
import { CommandError, exitCode, type ExitCode } from '../exit-code.js';
import { packFolder } from '../pack-folder.js';
import type { Session } from '../session.js';

interface PushOptions {
  name?: string;
  lane: string;
  newVersion?: boolean;
  type?: string;
}

/** Pushes a folder (packed in memory) or a zip (streamed from disk) and says which version it became. */
export async function run([source = '.']: readonly string[], options: PushOptions, session: Session): Promise<ExitCode> {
  const isFolder = await looksLikeFolder(source);
  const name = options.name ?? nameOf(source, isFolder);
  const client = await session.connect();
  const body = isFolder ? (await packFolder(source, null)).zip : streamOf(source);
  const path = `/api/v1/functions/${encodeURIComponent(name)}/lanes/${encodeURIComponent(options.lane)}/versions`;
  const query = { new_major: options.newVersion === true, type: options.type };
  const pushed = await client
    .request<VersionView>('POST', path, { body, query, contentType: 'application/zip' })
    .catch((error: unknown) => throwCauseOfCut(client, error));
  session.print(
    session.json
      ? JSON.stringify(pushed)
      : `pushed ${pushed.function} ${pushed.version} to lane ${pushed.lane} (sha256 ${pushed.sha256})`,
  );
  if (pushed.warmed === false)
    session.note(`it was not loaded before the lane moved: ${pushed.warm_problem ?? 'no reason told'}`);
  session.note(`run it with: fas run ${pushed.function}${pushed.lane === 'latest' ? '' : ` --lane ${pushed.lane}`} --wait`);
  return exitCode.ok;
}

/** A server that refuses an upload early may close the connection before its answer is read: then it is asked again. */
async function throwCauseOfCut(client: LanewayClient, error: unknown): Promise<never> {
  if (!(error instanceof LanewayClientError) || error.code !== 'unreachable') throw error;
  await client.text('GET', '/api/v1/functions').catch((probe: unknown) => {
    if (probe instanceof LanewayClientError && (probe.status === 401 || probe.status === null)) throw probe;
  });
  const next = "it may be larger than LANEWAY_MAX_UPLOAD allows, or there is no room for it: see the server's log";
  throw new CommandError(exitCode.failed, 'the server closed the connection during the upload', next);
}

async function looksLikeFolder(source: string): Promise<boolean> {
  const stats = await stat(source).catch(() => null);
  if (stats === null)
    throw new CommandError(exitCode.usage, `there is no file or folder ${source}`, 'give the path of a folder or zip');
  return stats.isDirectory();
}

function nameOf(source: string, isFolder: boolean): string {
  const last = basename(resolve(source));
  const name = isFolder ? last : last.slice(0, last.length - extname(last).length);
  if (name !== '') return name;
  throw new CommandError(exitCode.usage, `${source} has no name to take for the function`, 'give one with --name');
}

function streamOf(file: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
}
