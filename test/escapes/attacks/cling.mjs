/** Does all it can not to be ended with its function. */
export default function cling({ marker }) {
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    try {
      process.on(name, () => undefined);
    } catch {
      // Not in a thread.
    }
  }
  process.exit = () => undefined;
  process.kill = () => undefined;
  process.title = marker;
  setInterval(() => undefined, 1000);
  return process.title;
}
