import { connect } from 'node:net';
import { once } from 'node:events';

/** Talks to a service of the machine over its socket file. */
export default async function reachSocketFile({ host, marker }) {
  const connection = connect({ path: host.socket });
  connection.write(marker);
  const [answer] = await once(connection, 'data');
  connection.destroy();
  return String(answer);
}
