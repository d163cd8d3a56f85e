import type { Principal } from '../../contract/principal.js';

/** Whether a run or version of this function and lane is this caller's business. */
export function mayTouch(principal: Principal, target: { function: string; lane: string }): boolean {
  const { functions, lanes } = principal;
  return (functions === null || functions.includes(target.function)) && (lanes === null || lanes.includes(target.lane));
}
