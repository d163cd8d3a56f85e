const kept = [];

/** 600 MB outside the JavaScript heap. */
export default async function fill() {
  for (let piece = 0; piece < 60; piece += 1) {
    kept.push(Buffer.alloc(10 * 1024 * 1024, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const held = kept.reduce((sum, piece) => sum + piece[piece.length - 1], 0);
  kept.length = 0;
  return held;
}
