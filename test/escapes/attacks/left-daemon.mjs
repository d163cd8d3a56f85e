import { spawn } from 'node:child_process';

/** As a child would, but out of the group. */
export default async function leaveDaemon({ marker, call }) {
  if (call === 1) {
    spawn('/bin/sh', ['-c', 'while :; do echo "$0"; sleep 0.1; done', marker], { stdio: ['ignore', 1, 1], detached: true });
    return 'left';
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  return 'honest';
}
