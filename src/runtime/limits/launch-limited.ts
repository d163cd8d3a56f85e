import { existsSync } from 'node:fs';
import type { Launch } from '../process-launch.js';
import type { ResourceGroup } from './resource-group.js';

/** What each single process may have. */
export interface ProcessLimits {
  readonly openFiles: number;
  readonly fileBytes: number;
}

/** Said by a process that could not get into its group; it ends then. */
export const noPlace = 'laneway: no place in a group:';

const shell = '/bin/sh';
const blockBytes = 512;

/**
 * Enters the groups before anything else is done in them, so that nothing it starts is outside; becomes the first to go
 * when the machine runs out of memory; and leaves no core. The shell replaces itself by the command: the pid stays.
 */
const script = `
echo 500 > /proc/self/oom_score_adj 2>/dev/null
ulimit -c 0
ulimit -n "$1" 2>/dev/null
ulimit -f "$2" 2>/dev/null
shift 2
while [ "$1" != -- ]; do
  echo $$ > "$1" || { echo "${noPlace} $1" >&2; exit 125; }
  shift
done
shift
unset PWD OLDPWD SHLVL _
exec "$@"
`;

const hasShell = existsSync(shell);

/** The same under limits. Without a shell a process has no rlimits, and must be put into its group by `add`. */
export function launchLimited(launch: Launch, group: ResourceGroup, limits: ProcessLimits): Launch {
  if (!hasShell) return launch;
  const { openFiles, fileBytes } = limits;
  const blocks = Math.ceil(fileBytes / blockBytes);
  const before = [String(openFiles), String(blocks), ...group.entrances, '--'];
  return { ...launch, command: shell, args: ['-c', script, 'laneway', ...before, launch.command, ...launch.args] };
}

/** For what the process could not do itself; it may have begun already. */
export function addUnlessEntered(group: ResourceGroup, pid: number): void {
  if (!hasShell || group.entrances.length === 0) group.add(pid);
}
