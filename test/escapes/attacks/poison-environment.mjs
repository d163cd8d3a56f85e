/** Leaves another environment and working folder to the next run. */
export default function poisonEnvironment({ marker, call }) {
  if (call === 2) return [process.env.LEFT_BEHIND ?? null, process.cwd()];
  process.env.LEFT_BEHIND = marker;
  process.env.LD_PRELOAD = `/tmp/${marker}.so`;
  try {
    process.chdir('/');
  } catch {
    // Not in a thread.
  }
  return 'left';
}
