import type { AccessOptions } from 'basic-ftp';

export interface FtpAddress {
  /** Made anew for each connection: basic-ftp writes into what it is given. */
  accessOptions(): AccessOptions;
  /** Prefix of every path: empty for the login folder, else ending in `/`. */
  root: string;
  /** For messages: without user and password. */
  shown: string;
}

const securities: Record<string, AccessOptions['secure']> = { 'ftp:': false, 'ftpes:': true, 'ftps:': 'implicit' };

/**
 * Reads `ftp://user:password@host:port/root`. As RFC 1738 has it, the root is relative to the login folder; a second
 * slash (`//srv/functions`) makes it absolute. `ca` is PEM text, null stands for the system's authorities.
 * Throws an Error that names the rule and never shows the password.
 */
export function readFtpAddress(url: string, ca: string | null): FtpAddress {
  const parsed = new URL(url);
  const secure = securities[parsed.protocol];
  if (secure === undefined || parsed.hostname === '')
    throw new Error('the FTP URL must be ftp://, ftpes:// or ftps:// and a host');
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const port = parsed.port === '' ? (secure === 'implicit' ? 990 : 21) : Number(parsed.port);
  const login = parsed.username === '' ? {} : { user: decode(parsed.username), password: decode(parsed.password) };
  return {
    accessOptions: () => ({
      host,
      port,
      ...login,
      secure,
      ...(secure === false ? {} : { secureOptions: { host, ...(ca === null ? {} : { ca }) } }),
    }),
    root: readRoot(decode(parsed.pathname)),
    shown: `${parsed.protocol}//${parsed.host}${parsed.pathname}`,
  };
}

/** Listings expand patterns on the server, so a root must not look like one. */
function readRoot(path: string): string {
  if (/[*?[\]{}\\]/.test(path) || path.split('/').includes('..')) {
    throw new Error('the path of the FTP URL must be a plain folder, without .. and * ? [ ] { } \\');
  }
  const root = path.replace(/^\//, '').replace(/\/+$/, '');
  return root === '' ? '' : `${root}/`;
}

function decode(text: string): string {
  const decoded = decodeURIComponent(text);
  // oxlint-disable-next-line no-control-regex -- a line end would be another FTP command
  if (/[\u0000-\u001F\u007F]/.test(decoded)) throw new Error('the FTP URL must not have control characters');
  return decoded;
}
