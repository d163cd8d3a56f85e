import { connect } from 'node:net';
import { once } from 'node:events';

/** Talks to a service of the machine over a socket that has a name and no file. */
export default async function reachAbstractSocket({ host, marker }) {
  const connection = connect({ path: `\0${host.abstract}` });
  connection.write(marker);
  const [answer] = await once(connection, 'data');
  connection.destroy();
  return String(answer);
}
