/** The machine's clocks: of the wall in epoch milliseconds, and one that only ever runs forward. */
export interface MachineClocks {
  wall(): number;
  steady(): number;
}

const machine: MachineClocks = { wall: Date.now, steady: () => performance.now() };

/**
 * The clock of the records: epoch milliseconds that never go back, whatever is done to the machine's clock.
 *
 * It goes with the wall clock, also when that is put forward. When the wall clock is put back, or stood behind the records
 * at the start, it goes on from where it was, half as fast, until the wall clock has caught up.
 */
export class RecordsClock {
  #time: number;
  #steadyAt: number;

  /** `atLeast`: the latest time that the records hold. */
  constructor(
    atLeast: number,
    private readonly clocks: MachineClocks = machine,
  ) {
    this.#time = Math.max(clocks.wall(), atLeast);
    this.#steadyAt = clocks.steady();
  }

  now(): number {
    const [wall, steady] = [this.clocks.wall(), this.clocks.steady()];
    const passed = Math.max(0, steady - this.#steadyAt);
    this.#steadyAt = steady;
    const isAhead = this.#time + passed > wall;
    this.#time = Math.max(wall, this.#time + (isAhead ? passed / 2 : passed));
    return Math.floor(this.#time);
  }
}
