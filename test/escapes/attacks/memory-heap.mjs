const kept = [];

/** 600 MB of objects. */
export default async function fill() {
  for (let piece = 0; piece < 600; piece += 1) {
    kept.push(Array.from({ length: 128 * 1024 }, (_, index) => index + 0.5));
    if (piece % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const held = kept.length;
  kept.length = 0;
  return held;
}
