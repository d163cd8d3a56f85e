import { readdirSync, readFileSync } from 'node:fs';

/** Reads the command lines of the processes of the machine, and tells those it looks for. */
export default function seeHostProcesses() {
  const lines = readdirSync('/proc').map((name) => {
    try {
      return /^\d+$/.test(name) ? readFileSync(`/proc/${name}/cmdline`, 'utf8') : '';
    } catch {
      return '';
    }
  });
  return lines.filter((line) => line.includes('bait-'));
}
