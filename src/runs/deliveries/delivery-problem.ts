/** Why the end of a run was not told; the try is repeated unless it is in vain for good. */
export class DeliveryProblem extends Error {
  override name = 'DeliveryProblem';
  readonly forGood: boolean;
  /** How long the receiver asked to be left alone. */
  readonly askedMs: number | null;

  constructor(message: string, more: { forGood?: boolean; askedMs?: number | null } = {}) {
    super(message);
    this.forGood = more.forGood ?? false;
    this.askedMs = more.askedMs ?? null;
  }
}
