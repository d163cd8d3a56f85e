import { rm } from 'node:fs/promises';
import { PassThrough, Writable } from 'node:stream';
import { FTPError, type Client, type FileInfo } from 'basic-ftp';
import { LanewayError } from '../errors.js';
import { receiveZip } from './receive-zip.js';

const textLimit = 4 << 20;

/** A folder that is not there lists as empty, with most servers by an answer of 450 or 550. */
export async function listAll(client: Client, path: string): Promise<FileInfo[]> {
  return await client.list(path).catch(unlessAnswered([]));
}

/** True when it was made now. Parents are made only when they turn out to be missing. */
export async function makeFolder(client: Client, path: string): Promise<boolean> {
  const made = async () => (await client.sendIgnoringError(`MKD ${path}`)).code < 400;
  if (await made()) return true;
  await makeParents(client, path);
  return await made();
}

async function makeParents(client: Client, path: string): Promise<void> {
  for (let at = path.indexOf('/', 1); at !== -1; at = path.indexOf('/', at + 1)) {
    await client.sendIgnoringError(`MKD ${path.slice(0, at)}`);
  }
}

/** Does what needs the path's folder, and once more when the folder had to be made. */
export async function inFolder<Result>(client: Client, path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof FTPError) || (error.code !== 550 && error.code !== 553)) throw error;
    await makeParents(client, path);
    return await act();
  }
}

/** null when it is not there. */
export async function sizeOf(client: Client, path: string): Promise<number | null> {
  return await client.size(path).catch(unlessAnswered(null));
}

/** For `.catch`: "no such thing" is the fallback, anything else is thrown. */
export function unlessAnswered<Fallback>(fallback: Fallback): (error: unknown) => Fallback {
  return (error) => {
    if (error instanceof FTPError && (error.code === 550 || error.code === 450)) return fallback;
    throw error;
  };
}

/** null when it is not there; for small files only. */
export async function readText(client: Client, path: string): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      size += chunk.length;
      chunks.push(chunk);
      done(size > textLimit ? new LanewayError('store_unavailable', { problem: `${path} is too large` }) : null);
    },
  });
  const found = await client.downloadTo(sink, path).catch(unlessAnswered(null));
  return found === null ? null : Buffer.concat(chunks).toString('utf8');
}

/** A refusal of what arrived (too large, empty) says more than the broken transfer that it causes. */
export async function downloadHashed(client: Client, from: string, { path, limit }: { path: string; limit: number }) {
  await rm(path, { force: true });
  const through = new PassThrough();
  const [received, sent] = await Promise.allSettled([receiveZip(through, path, limit), client.downloadTo(through, from)]);
  if (received.status === 'rejected' && !isCut(received.reason)) throw received.reason;
  if (sent.status === 'rejected') throw sent.reason;
  if (received.status === 'rejected') throw received.reason;
  return received.value;
}

function isCut(error: unknown): boolean {
  return error instanceof LanewayError && error.code === 'upload_truncated';
}
