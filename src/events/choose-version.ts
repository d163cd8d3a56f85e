import { createHash } from 'node:crypto';
import { type SubscribedLane, wants } from './subscription-index.js';

/**
 * The version to ask a subscribed lane for: nothing, which is its current one; of a split, one of those that want the event, by
 * their weights. The event's id decides instead of chance, so that the same event told again asks for the same.
 */
export function versionFor(
  { function: name, lane, isSplit, versions }: SubscribedLane,
  event: { id: string; name: string },
): string {
  if (!isSplit) return '';
  const wanting = versions.filter((version) => wants(version, event.name));
  const total = wanting.reduce((sum, { weight }) => sum + weight, 0);
  const hash = createHash('sha256')
    .update(JSON.stringify([event.id, name, lane]))
    .digest();
  let left = (hash.readUInt32BE() / 2 ** 32) * total;
  const chosen = wanting.find(({ weight }) => (left -= weight) < 0);
  return (chosen ?? wanting.at(-1)!).version;
}
