import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { patienceMs, failed, ok, type Finding } from './finding.js';

const execute = promisify(execFile);
const probe = fileURLToPath(new URL('../../runtime/confinement/probe-main.js', import.meta.url));

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

/** Installed is not enough: what a server does at its start to find out is done here, by the user of this command. */
export async function checkBubblewrap(): Promise<Finding> {
  const part = 'bubblewrap';
  const version = await firstLineOf('bwrap', ['--version']);
  if (version === null)
    return { part, state: 'missing', detail: 'isolation confined needs it', mend: 'apt-get install bubblewrap slirp4netns' };
  const { problem, outbound_problem: outboundProblem } = await probeConfinement();
  if (problem !== null) {
    const detail = `${version} is installed, and functions can not be confined: ${problem}`;
    return { part, state: 'missing', detail, mend: 'see docs/isolation.md, "What confined needs"' };
  }
  const network = outboundProblem === null ? 'with network where they ask for it' : `without network: ${outboundProblem}`;
  return ok(part, `${version}, functions can be confined, ${network}`);
}

interface Confining {
  problem: string | null;
  outbound_problem: string | null;
}

async function probeConfinement(): Promise<Confining> {
  try {
    const { stdout } = await execute(process.execPath, [probe], { timeout: patienceMs * 2 });
    return JSON.parse(stdout) as Confining;
  } catch (error) {
    return { problem: (error as Error).message.split('\n')[0] ?? 'no reason given', outbound_problem: null };
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
