import { connect } from 'node:net';

/** Does all it can not to be ended with its function. */
export default function cling({ marker, host }) {
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
  // Where there is a way out, it tells that it lives.
  setInterval(
    () =>
      connect(host.tcp, '127.0.0.1')
        .on('error', () => undefined)
        .end(marker),
    50,
  );
  return process.title;
}
