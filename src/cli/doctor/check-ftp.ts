import { readFile } from 'node:fs/promises';
import { patienceMs, failed, ok, type Finding } from './finding.js';

/** Logs in and lists the root folder; certificates are checked as the store checks them. */
export async function checkFtp(url: string | null, caFile: string | null): Promise<Finding> {
  if (url === null) {
    return {
      part: 'ftp',
      state: 'off',
      detail: 'store on this disk',
      mend: 'set LANEWAY_FTP_URL to share the store between machines',
    };
  }
  const { Client } = await import('basic-ftp');
  const client = new Client(patienceMs);
  try {
    const at = new URL(url);
    await client.access({
      host: at.hostname,
      port: Number(at.port) || (at.protocol === 'ftps:' ? 990 : 21),
      user: decodeURIComponent(at.username) || 'anonymous',
      password: decodeURIComponent(at.password),
      secure: at.protocol === 'ftps:' ? 'implicit' : at.protocol === 'ftpes:',
      secureOptions: caFile === null ? {} : { ca: await readFile(caFile) },
    });
    const entries = await client.list(decodeURIComponent(at.pathname) || '/');
    return ok(
      'ftp',
      `FTP at ${at.host}, ${entries.length} entries in ${at.pathname || '/'}${at.protocol === 'ftp:' ? ', not encrypted' : ''}`,
    );
  } catch (error) {
    return failed('ftp', error, 'start the FTP server, or put LANEWAY_FTP_URL (and LANEWAY_FTP_CA) right');
  } finally {
    client.close();
  }
}
