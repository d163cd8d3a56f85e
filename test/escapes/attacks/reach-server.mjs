/** The server's own interface, from inside. */
export default async function reachServer({ server }) {
  const answer = await fetch(`${server.url}/api/v1/functions`, { headers: { 'x-api-key': 'lw_nobody_nothing' } });
  return answer.headers.get('x-request-id');
}
