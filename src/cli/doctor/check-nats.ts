import { connect } from 'node:net';
import { patienceMs, failed, ok, type Finding } from './finding.js';

/** A NATS server greets with one line `INFO {json}` before anything is asked. */
export async function checkNats(url: string | null): Promise<Finding> {
  if (url === null)
    return { part: 'nats', state: 'off', detail: 'no engine workers', mend: 'nothing to do: no part of this release uses it' };
  try {
    const at = new URL(url);
    const { version } = await readGreeting(at.hostname, Number(at.port) || 4222);
    return ok('nats', `NATS ${version ?? 'of unknown version'} at ${at.host}`);
  } catch (error) {
    return failed('nats', error, 'start NATS (`nats-server`) or put LANEWAY_NATS_URL right');
  }
}

function readGreeting(host: string, port: number): Promise<{ version?: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = '';
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(patienceMs, () => fail(new Error('no greeting in time')));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed before a greeting')));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      const line = /^INFO (\{.*\})\s*\r?\n/.exec(text);
      if (line === null && text.length < 65_536 && 'INFO '.startsWith(text.slice(0, 5))) return;
      try {
        if (line === null) throw new Error('what answers is not NATS');
        resolve(JSON.parse(line[1]!) as { version?: string });
        socket.destroy();
      } catch (error) {
        fail(error as Error);
      }
    });
  });
}
