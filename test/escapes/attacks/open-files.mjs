import { openSync, closeSync } from 'node:fs';

/** Opens files until there are no more to be had, and keeps them for a while. */
export default async function openAll() {
  const open = [];
  try {
    for (let file = 0; file < 10_000; file += 1) open.push(openSync('/dev/null', 'r'));
  } catch (error) {
    // That is the point.
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  for (const fd of open) closeSync(fd);
  return open.length;
}
