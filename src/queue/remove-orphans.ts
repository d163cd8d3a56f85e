import type { Queue as Jobs } from 'bullmq';
import type { Redis } from 'ioredis';

/** A job becomes active and gets its lock in one step, so one without a lock was left by its server. In one step here too. */
const script = `
local removed = 0
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = ARGV[1] .. id
  if redis.call('EXISTS', job .. ':lock') == 0 then
    redis.call('LREM', KEYS[1], 1, id)
    redis.call('DEL', job)
    removed = removed + 1
  end
end
return removed`;

/**
 * Removes jobs that a server took and will never finish: their lock was not kept alive. Their runs come back by the
 * sweep, under a new fence; nothing else would ever take these away.
 */
export async function removeOrphans(jobs: Jobs, connection: Redis): Promise<number> {
  return (await connection.eval(script, 1, jobs.keys.active!, jobs.toKey(''))) as number;
}
