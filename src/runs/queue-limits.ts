import type { Logger } from 'pino';
import type { Bus } from '../contract/bus.js';
import type { LimitRecords, QueueLimit } from '../contract/limits.js';
import type { Line, RunningLimits } from '../contract/records.js';
import { LanewayError, messageOf } from '../errors.js';

const limitsTopic = 'limits';
/** Messages may be missed: the records are read again after this time. */
const refreshMs = 30_000;

export interface QueueLimitParts {
  limits: LimitRecords;
  bus: Bus;
  log: Logger;
  /** Keys whose runs under way are limited. */
  keyLimits: () => readonly { id: string; max: number }[];
  /** For lines that have none of their own. */
  defaults: { maxQueued: number; expiresAfterMs: number | null };
}

/** The limits of functions and lanes, in memory: they are asked for with every run. */
export class QueueLimits {
  #limits = new Map<string, QueueLimit>();
  readonly #stop: (() => void)[];
  readonly #timer: NodeJS.Timeout;

  static async open(parts: QueueLimitParts): Promise<QueueLimits> {
    const limits = new QueueLimits(parts);
    await limits.#read();
    return limits;
  }

  private constructor(private readonly parts: QueueLimitParts) {
    const readAgain = () => void this.#readAgain();
    this.#stop = [parts.bus.subscribe(limitsTopic, readAgain), parts.bus.onReconnect(readAgain)];
    this.#timer = setInterval(readAgain, refreshMs);
    this.#timer.unref();
  }

  /** How many runs of this line may be under way; null when nothing limits them but the servers' places. */
  runningLimits(line: Line): RunningLimits | null {
    const ofFunction = this.#maxRunning(line.function, null);
    const ofLane = this.#maxRunning(line.function, line.lane);
    const keys = this.parts.keyLimits();
    if (ofFunction === null && ofLane === null && keys.length === 0) return null;
    return { function: ofFunction, lane: ofLane, keys };
  }

  /** Whether a run of this line and key may begin without being counted first. */
  isUnlimited(line: Line, keyId: string | null): boolean {
    if (this.#maxRunning(line.function, null) !== null || this.#maxRunning(line.function, line.lane) !== null) return false;
    return !this.isKeyLimited(keyId);
  }

  /** Whether a limit holds for the runs of this key, whatever lines they are in. */
  isKeyLimited(keyId: string | null): boolean {
    return keyId !== null && this.parts.keyLimits().some(({ id }) => id === keyId);
  }

  /** How many runs may be queued, of the lane and of the whole function. */
  queueCaps(line: Line): { lane: number; function: number | null } {
    const lane = this.#limits.get(keyOf(line.function, line.lane))?.maxQueued ?? null;
    const whole = this.#limits.get(keyOf(line.function, null))?.maxQueued ?? null;
    return { lane: lane ?? whole ?? this.parts.defaults.maxQueued, function: whole };
  }

  /** Null: never. */
  expiresAfterMs(line: Line): number | null {
    const lane = this.#limits.get(keyOf(line.function, line.lane))?.expiresAfterMs ?? null;
    const whole = this.#limits.get(keyOf(line.function, null))?.expiresAfterMs ?? null;
    return lane ?? whole ?? this.parts.defaults.expiresAfterMs;
  }

  list(functionName?: string): QueueLimit[] {
    const all = [...this.#limits.values()];
    return functionName === undefined ? all : all.filter((limit) => limit.function === functionName);
  }

  async set(limit: Omit<QueueLimit, 'updatedAt'>): Promise<void> {
    await this.parts.limits.set(limit);
    await this.#tell();
  }

  /** Rejects with `limits_not_found`. */
  async remove(functionName: string, lane: string | null): Promise<void> {
    if (!(await this.parts.limits.remove(functionName, lane))) {
      throw new LanewayError('limits_not_found', { target: lane === null ? functionName : `${functionName}, lane ${lane}` });
    }
    await this.#tell();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const stop of this.#stop) stop();
  }

  #maxRunning(functionName: string, lane: string | null): number | null {
    return this.#limits.get(keyOf(functionName, lane))?.maxRunning ?? null;
  }

  async #tell(): Promise<void> {
    await this.#read();
    this.parts.bus.publish(limitsTopic, '');
  }

  async #read(): Promise<void> {
    const all = await this.parts.limits.all();
    this.#limits = new Map(all.map((limit) => [keyOf(limit.function, limit.lane), limit]));
  }

  async #readAgain(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      this.parts.log.warn({ err: error }, `the limits could not be read again: ${messageOf(error)}`);
    }
  }
}

function keyOf(functionName: string, lane: string | null): string {
  return lane === null ? functionName : `${functionName}/${lane}`;
}
