/** Runs one probe by its name. */
export default async function run({ probe, bait }) {
  const { default: attempt } = await import(`./probes/${probe}.mjs`);
  return attempt(bait);
}
