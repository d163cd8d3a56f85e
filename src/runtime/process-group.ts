import { readdirSync, readFileSync } from 'node:fs';

/** Kills every process of a group. Nothing happens when there is none left, or none that may be killed. */
export function killGroup(pgid: number): void {
  try {
    process.kill(-pgid, 'SIGKILL');
  } catch {
    // ESRCH: gone already. EPERM: what is left of it runs as somebody else.
  }
}

/** What /proc says of a process. */
export interface ProcessFacts {
  parent: number;
  pgid: number;
  /** In clock ticks since the machine started: together with the pid it names a process for good. */
  startTime: string;
  zombie: boolean;
  /** By a signal; one that a debugger holds is not. */
  stopped: boolean;
}

/** null when there is no such process (any more). */
export function readProcess(pid: number): ProcessFacts | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name in brackets may hold blanks and brackets of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    stopped: fields[0] === 'T',
    parent: Number(fields[1]),
    pgid: Number(fields[2]),
    startTime: fields[19] ?? '',
  };
}

/** Changes with each start of the machine: pids noted before are worth nothing. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return boot;
}
let boot: string | null = null;

/** Names this server among all that ever ran since the machine started: `<pid>-<start time>`. */
export function serverName(): string {
  return `${process.pid}-${readProcess(process.pid)?.startTime ?? ''}`;
}

/** Whether the name is that of another server, and it still runs. */
export function isOtherLivingServer(name: string): boolean {
  const [pid, startTime] = name.split('-');
  if (startTime === undefined || Number(pid) === process.pid) return false;
  const facts = readProcess(Number(pid));
  return facts !== null && !facts.zombie && facts.startTime === startTime;
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** Resident memory of a process in bytes, without pages of files, which make room when they must; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
    return (kilobytes('RssAnon') + kilobytes('RssShmem')) * 1024;
  } catch {
    return 0;
  }
}

/** Whether a group has living processes besides its leader. */
export function hasOtherMembers(pgid: number): boolean {
  return listPids().some((pid) => {
    if (pid === pgid) return false;
    const facts = readProcess(pid);
    return facts !== null && facts.pgid === pgid && !facts.zombie;
  });
}
