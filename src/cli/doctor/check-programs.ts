import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { patienceMs, failed, ok, type Finding } from './finding.js';

const execute = promisify(execFile);

/** The Node that runs this command, which is the one that would run a server. */
export async function checkNode(): Promise<Finding> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok('node', `Node ${process.version}`);
  return failed('node', `Node ${process.version} is too old`, 'install Node 20.19 or later');
}

/** `setting` is LANEWAY_PYTHON. */
export async function checkPython(setting: string): Promise<Finding> {
  const program = setting !== 'auto' ? setting : existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const version = await firstLineOf(program, ['--version']);
  if (version !== null) return ok('python3', `${version} (${program})`);
  const mend = setting === 'auto' ? 'apt-get install python3' : 'put LANEWAY_PYTHON right';
  return { part: 'python3', state: 'missing', detail: 'python functions can not run', mend };
}

/** Installed is not enough: a kernel may forbid the namespaces it needs. */
export async function checkBubblewrap(): Promise<Finding> {
  const part = 'bubblewrap';
  const version = await firstLineOf('bwrap', ['--version']);
  if (version === null)
    return { part, state: 'missing', detail: 'isolation confined needs it', mend: 'apt-get install bubblewrap' };
  try {
    await execute('bwrap', ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', 'true'], { timeout: patienceMs });
    return ok(part, `${version}, namespaces can be made; not used by this release yet`);
  } catch (error) {
    const detail = `${version} is installed and can not make namespaces: ${(error as Error).message.split('\n')[1] ?? 'no reason given'}`;
    return {
      part,
      state: 'missing',
      detail,
      mend: 'sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000',
    };
  }
}

export async function checkRunsc(): Promise<Finding> {
  const version = await firstLineOf('runsc', ['--version']);
  if (version !== null) return ok('runsc', `${version}; not used by this release yet`);
  const mend = 'install gVisor: https://gvisor.dev/docs/user_guide/install/';
  return { part: 'runsc', state: 'missing', detail: 'isolation sandbox needs it', mend };
}

/** null when the program can't be run. */
async function firstLineOf(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await execute(program, args, { timeout: patienceMs });
    return (stdout || stderr).trim().split('\n')[0] ?? '';
  } catch {
    return null;
  }
}
