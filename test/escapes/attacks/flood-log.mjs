/** 60 MB of log. */
export default async function flood() {
  const line = 'x'.repeat(60_000);
  for (let count = 0; count < 1000; count += 1) {
    console.log(line);
    if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return 'said it all';
}
