import type { Config } from '../config.js';

/** What stands for the memory and the cores of a machine, and the least that one process can do with. */
const shared = {
  MAX_WORKERS: 1,
  QUEUE_CONCURRENCY: 1,
  SPARE_THREADS: 1,
  SPARE_PROCESSES: 1,
  SPARE_PYTHONS: 1,
  PAYLOAD_MEMORY: 2 ** 20,
  MAX_FOLLOWERS: 1,
  WRITE_BEHIND: 100,
} as const satisfies Partial<Record<keyof Config, number>>;

/**
 * The settings of one of several processes: what is a budget of the machine is divided among them, rounded up, so that more
 * processes do not ask more of it. 0 stays 0. Everything else is meant for each.
 */
export function shareBudgets(config: Config): Config {
  const shares = Object.entries(shared).map(([name, least]) => {
    const whole = config[name as keyof typeof shared];
    return [name, whole === 0 ? 0 : Math.max(least, Math.ceil(whole / config.SERVER_PROCESSES))];
  });
  return { ...config, ...Object.fromEntries(shares) } as Config;
}
