/** Puts its own in the place of what everything stands on: JSON, Promise, Array, Map, prototypes, process.exit. */
export default async function poison({ marker, call }) {
  if (call === 2) return { honest: [1, 2, 3].map((number) => number * 2) };
  const { stringify } = JSON;
  JSON.stringify = (value) => stringify(value?.honest ? { forged: marker } : value);
  Array.prototype.map = () => [marker];
  Object.prototype.forged = marker;
  const { then } = Promise.prototype;
  Promise.prototype.then = function (...handlers) {
    return then.apply(this, handlers);
  };
  process.exit = () => undefined;
  globalThis.left = marker;
  return 'poisoned';
}
