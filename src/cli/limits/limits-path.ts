/** Of a function as a whole, or of one lane of it. */
export function limitsPath(name: string, lane: string | undefined): string {
  const path = `/api/v1/functions/${encodeURIComponent(name)}`;
  return lane === undefined ? `${path}/limits` : `${path}/lanes/${encodeURIComponent(lane)}/limits`;
}

/** For a person. */
export function nameOf(name: string, lane: string | undefined): string {
  return lane === undefined ? name : `${name}, lane ${lane},`;
}
