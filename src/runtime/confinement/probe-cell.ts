import type { ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { cleanEnvironment, spawnLaunch } from '../process-launch.js';
import { serverName } from '../process-group.js';
import type { Sight } from '../inside/look-around.js';
import { inside, launchInCell, type Surroundings } from './bubblewrap.js';
import { Identities } from './identities.js';
import { findNodeFiles } from './runtime-files.js';
import { Slot } from './slot.js';

const patienceMs = 10_000;
const namespaces = ['mnt', 'pid', 'net', 'ipc', 'uts'] as const;

/**
 * Starts Node in a cell as a worker is started, lets it look around, and rejects with the first wall that does not stand, or
 * with what bubblewrap says.
 */
export async function probeCell(surroundings: Surroundings, slots: string): Promise<void> {
  const identity = new Identities(surroundings.asRoot).take();
  const slot = new Slot(slots, `${serverName()}.probe`, identity);
  try {
    const { command, shown } = findNodeFiles();
    const args = ['--max-old-space-size=32', `${inside.workerCode}/look-around.js`, ...surroundings.hidden];
    const launch = launchInCell(
      { command, args, env: cleanEnvironment(inside.tmp), cwd: inside.tmp },
      { slot: slot.folder, identity, shown, code: null, sharesNetwork: false, closedTo: [] },
      { surroundings, firstDescriptor: 3 },
    );
    const sight = JSON.parse(await outputOf(spawnLaunch(launch, ['ignore', 'pipe', 'pipe']))) as Sight;
    const missing = findMissingWall(sight, surroundings.asRoot ? identity.uid : null);
    if (missing !== null) throw new Error(missing);
  } finally {
    await slot.remove();
  }
}

/** `uid`: the one that it must really have; null when its namespace has users of its own. */
function findMissingWall(sight: Sight, uid: number | null): string | null {
  const shared = namespaces.find((name) => sight.namespaces[name] === readlinkSync(`/proc/self/ns/${name}`));
  if (shared !== undefined) return `a cell shares the ${shared} namespace of this server`;
  if (sight.status['Seccomp'] !== '2') return 'the filter of system calls does not hold';
  if (sight.status['NoNewPrivs'] !== '1') return 'new privileges are not kept away';
  if (Number(`0x${sight.status['CapEff']}`) !== 0 || Number(`0x${sight.status['CapPrm']}`) !== 0) return 'a cell has privileges';
  if (uid !== null && sight.uid !== uid) return `a cell runs as user ${sight.uid}`;
  if (sight.uid === 0) return 'a cell runs as root';
  if (sight.processes > 2) return 'processes outside can be seen';
  if (sight.seen.length > 0) return `${sight.seen[0]} can be seen`;
  if (!sight.writesTmp) return 'its own /tmp can not be written';
  return sight.writes.length > 0 ? `${sight.writes[0]} can be written` : null;
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    let [output, complaint] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    (child.stdio[3] as Readable).on('error', () => undefined).resume();
    child.on('error', (error) => settle(() => reject(new Error(`bubblewrap can not be started: ${error.message}`))));
    child.on('close', (code) => settle(() => (code === 0 ? resolve(output) : reject(new Error(describe(complaint, code))))));
    const settle = (end: () => void) => {
      clearTimeout(timer);
      end();
    };
  });
}

function describe(complaint: string, code: number | null): string {
  const [first] = complaint.trim().split('\n');
  return first === undefined || first === '' ? `a cell ended with exit code ${code}` : first;
}
