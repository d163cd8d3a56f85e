/** Greets whoever the payload names: `{"name":"Ada"}` gives `{"greeting":"Hello, Ada!"}`. */
export default function hello(payload, context) {
  const name = payload?.name ?? 'world';
  console.log(`greeting ${name} in run ${context.runId}`);
  return { greeting: `Hello, ${name}!`, version: context.version };
}
