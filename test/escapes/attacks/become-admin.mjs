import { readFileSync } from 'node:fs';

/** All the way: reads the admin key and makes a key of its own with it. */
export default async function becomeAdmin({ server, marker }) {
  const key = readFileSync(server.keyFile, 'utf8').trim();
  const answer = await fetch(`${server.url}/api/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: marker, scopes: ['admin'] }),
  });
  return answer.status;
}
