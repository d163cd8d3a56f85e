import { connect } from 'node:net';
import { once } from 'node:events';

/** Talks to a server that listens on the machine's own address alone. */
export default async function reachTcp({ host, marker }) {
  const connection = connect({ host: '127.0.0.1', port: host.tcp });
  connection.write(marker);
  const [answer] = await once(connection, 'data');
  connection.destroy();
  return String(answer);
}
