import { spawn } from 'node:child_process';

/** A process in its group that prints on, into the log of the next run. */
export default async function leaveChild({ marker, call }) {
  if (call === 1) {
    spawn('/bin/sh', ['-c', 'while :; do echo "$0"; sleep 0.1; done', marker], { stdio: ['ignore', 1, 1] });
    return 'left';
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  return 'honest';
}
