import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface VsftpdServer {
  /** With user, password and root folder, as `LANEWAY_FTP_URL` takes it. */
  url: string;
  /** The root folder on this machine's disk. */
  root: string;
  /** PEM text of the authority that signed its certificate. */
  ca: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** Ends it and every session at once, as a power cut would. */
  kill(): Promise<void>;
  /** After `kill`, on the same port and folder. */
  restart(): Promise<void>;
}

const binary = '/usr/sbin/vsftpd';

/** Why no vsftpd can be started here, or null. */
export function vsftpdMissing(): string | null {
  if (process.getuid?.() !== 0) return 'vsftpd can only be started by root';
  return existsSync(binary) ? null : `vsftpd is not installed (looked for ${binary})`;
}

/** A vsftpd of its own on a free port, with an empty writable root; its files belong to the user `ftp`. */
export async function startVsftpd({ tls }: { tls?: 'explicit' | 'implicit' } = {}): Promise<VsftpdServer> {
  const missing = vsftpdMissing();
  if (missing !== null) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'laneway-vsftpd-'));
  chmodSync(folder, 0o755);
  const root = makeRoot(folder);
  const port = await freePort();
  const ca = tls === undefined ? '' : makeCertificate(folder);
  const settings = [...plainSettings(folder, port), ...(tls === undefined ? [] : tlsSettings(folder, tls))];
  writeFileSync(join(folder, 'vsftpd.conf'), `${settings.join('\n')}\n`);
  let server = await start();
  const scheme = tls === undefined ? 'ftp' : tls === 'explicit' ? 'ftpes' : 'ftps';
  return {
    url: `${scheme}://anonymous:laneway@localhost:${port}/store`,
    root,
    ca,
    kill: end,
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    restart: async () => {
      await end();
      server = await start();
    },
  };

  async function start(): Promise<ChildProcess> {
    // `setpriv` becomes the server, which then ends with this process even when that is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', binary, join(folder, 'vsftpd.conf')], { stdio: 'ignore' });
    while (!(await isListening(port))) if (child.exitCode !== null) throw new Error(`vsftpd ended with code ${child.exitCode}`);
    return child;
  }

  async function end(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    // Its sessions leave its group: stopped first, it can't start another while they are looked for.
    server.kill('SIGSTOP');
    for (const pid of descendantsOf(server.pid!)) killIfThere(pid);
    server.kill('SIGKILL');
    await exited;
  }
}

/** A session may have ended since it was found. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendantsOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.split('\n').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** vsftpd refuses a writable root of the session, so the store is a folder in it. */
function makeRoot(folder: string): string {
  const root = join(folder, 'sessions', 'store');
  mkdirSync(root, { recursive: true });
  mkdirSync(join(folder, 'empty'));
  const { stdout } = spawnSync('id', ['-u', 'ftp'], { encoding: 'utf8' });
  chownSync(root, Number(stdout), Number(stdout));
  return root;
}

function plainSettings(folder: string, port: number): string[] {
  return [
    'listen=YES',
    'listen_address=127.0.0.1',
    `listen_port=${port}`,
    'background=NO',
    'anonymous_enable=YES',
    'no_anon_password=YES',
    'anon_upload_enable=YES',
    'anon_mkdir_write_enable=YES',
    'anon_other_write_enable=YES',
    'anon_umask=022',
    'write_enable=YES',
    `anon_root=${join(folder, 'sessions')}`,
    `secure_chroot_dir=${join(folder, 'empty')}`,
    'connect_from_port_20=NO',
    // Containers often forbid the namespaces and system call filter that it would make for itself.
    'isolate=NO',
    'isolate_network=NO',
    'seccomp_sandbox=NO',
  ];
}

function tlsSettings(folder: string, tls: 'explicit' | 'implicit'): string[] {
  return [
    'ssl_enable=YES',
    'allow_anon_ssl=YES',
    'force_anon_logins_ssl=YES',
    'force_anon_data_ssl=YES',
    `implicit_ssl=${tls === 'implicit' ? 'YES' : 'NO'}`,
    `rsa_cert_file=${join(folder, 'server.pem')}`,
    `rsa_private_key_file=${join(folder, 'server.key')}`,
  ];
}

/** An authority and a certificate of it for localhost; returns the authority. */
function makeCertificate(folder: string): string {
  const path = (name: string) => join(folder, name);
  writeFileSync(path('san'), 'subjectAltName=DNS:localhost\n');
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', '/CN=laneway test authority', '-keyout', path('ca.key'), '-out', path('ca.pem'));
  openssl('req', ...key.slice(0, 3), '-subj', '/CN=localhost', '-keyout', path('server.key'), '-out', path('server.csr'));
  const signing = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', path('san')];
  openssl('x509', '-req', '-in', path('server.csr'), ...signing, '-out', path('server.pem'));
  return readFileSync(path('ca.pem'), 'utf8');
}

function openssl(...options: string[]): void {
  const { status, stderr } = spawnSync('openssl', options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${options[0]} failed: ${stderr}`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => setTimeout(() => resolve(false), 10));
    });
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
