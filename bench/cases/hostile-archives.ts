import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { deflateRawSync } from 'node:zlib';
import AdmZip from 'adm-zip';
import { startLaneway, type Laneway } from '../laneway.js';
import { residentMb } from '../resident.js';
import { median } from '../percentile.js';
import type { Row } from '../row.js';

const tries = 9;

/** Archives made to hurt, from the last byte of the upload to the refusal, and what the server's memory grew by meanwhile. */
export async function hostileArchives(): Promise<Row[]> {
  const laneway = await startLaneway();
  try {
    const before = residentMb(laneway.pid);
    const rows: Row[] = [];
    for (const [what, zip] of Object.entries(archives())) {
      const times: number[] = [];
      for (let round = 0; round < tries; round += 1) times.push(await refusalMs(laneway, zip));
      rows.push({ what: `refusal of ${what}`, measured: median(times), unit: 'ms' });
    }
    rows.push({ what: 'memory grown by the refusals', measured: residentMb(laneway.pid) - before, unit: 'MiB' });
    return rows;
  } finally {
    await laneway.stop();
  }
}

function archives(): Record<string, Buffer> {
  return {
    'a bomb (1 GiB in 1 MiB)': bomb(),
    '60,000 entries': manyEntries(),
    'a path that escapes': escaping(),
    'what is no zip (8 MiB)': Buffer.alloc(8 * 2 ** 20, 'not a zip'),
  };
}

function bomb(): Buffer {
  const zip = new AdmZip();
  const part = Buffer.alloc(64 * 2 ** 20);
  for (let index = 0; index < 16; index += 1) zip.addFile(`zeros-${index}.bin`, part);
  return zip.toBuffer();
}

function manyEntries(): Buffer {
  const zip = new AdmZip();
  for (let index = 0; index < 60_000; index += 1) zip.addFile(`f${index}`, Buffer.alloc(0));
  return zip.toBuffer();
}

/** adm-zip cleans names it adds, so the escaping one is written over a harmless one of the same length. */
function escaping(): Buffer {
  const zip = new AdmZip();
  zip.addFile('xx/xx/xx/etc/passwd', deflateRawSync('x'));
  const text = zip.toBuffer().toString('latin1');
  return Buffer.from(text.replaceAll('xx/xx/xx/etc/passwd', '../../../etc/passwd'), 'latin1');
}

async function refusalMs(laneway: Laneway, zip: Buffer): Promise<number> {
  const upload = request(`${laneway.url}/api/v1/functions/hostile/lanes/latest/versions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${laneway.key}`, 'content-type': 'application/zip', 'content-length': zip.length },
  });
  const answered = once(upload, 'response');
  upload.write(zip.subarray(0, -1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const started = performance.now();
  upload.end(zip.subarray(-1));
  const [answer] = (await answered) as [IncomingMessage];
  const took = performance.now() - started;
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode! < 400 || answer.statusCode! >= 500)
    throw new Error(`a hostile archive was answered ${answer.statusCode}`);
  return took;
}
