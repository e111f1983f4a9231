import { SHORTEST_SECRET } from './secret-search.ts';

/** What stands where a text was shortened. */
const CUT = '…';
/** The longest piece that is looked for: evidence is cut at 300 characters, and no line is shortened to more than this. */
const LONGEST_PIECE = 1_024;

/** Whether a cut beside this character of a secret went through it: a path that ends where another one goes on was not cut. */
function isInside(next: string | undefined): boolean {
  return next !== undefined && /[\w+=-]/.test(next);
}

/**
 * Builds what takes out the pieces that a cut leaves of secrets, where a text begins or ends, and beside each `…` in it: of one the
 * beginning before the cut, of another the end behind it, if eight characters of it are left.
 */
export function createPieceRemoval(secrets: readonly string[]): (text: string, replacement: string) => string {
  const longer = secrets.filter(({ length }) => length > SHORTEST_SECRET);
  const byHead = Map.groupBy(longer, (secret) => secret.slice(0, SHORTEST_SECRET));
  const byTail = Map.groupBy(longer, (secret) => secret.slice(-SHORTEST_SECRET));
  const reach = longer.reduce((most, { length }) => Math.max(most, Math.min(length, LONGEST_PIECE)), 0);

  /** Where the beginning of a secret stands that the end of this part cuts off; the length of the part where there is none. */
  function beginningIn(part: string): number {
    for (let at = Math.max(0, part.length - reach); at <= part.length - SHORTEST_SECRET; at += 1) {
      const known = byHead.get(part.slice(at, at + SHORTEST_SECRET));
      const piece = part.slice(at);
      if (known?.some((secret) => secret.startsWith(piece) && isInside(secret[piece.length])) === true) return at;
    }
    return part.length;
  }

  /** Where the end of a secret stops that the beginning of this part cuts off; 0 where there is none. */
  function endIn(part: string): number {
    for (let end = Math.min(part.length, reach); end >= SHORTEST_SECRET; end -= 1) {
      const known = byTail.get(part.slice(end - SHORTEST_SECRET, end));
      const piece = part.slice(0, end);
      if (known?.some((secret) => secret.endsWith(piece) && isInside(secret.at(-end - 1))) === true) return end;
    }
    return 0;
  }

  function clean(part: string, replacement: string): string {
    const end = endIn(part);
    const rest = part.slice(end);
    const at = beginningIn(rest);
    return `${end === 0 ? '' : replacement}${rest.slice(0, at)}${at === rest.length ? '' : replacement}`;
  }

  return (text, replacement) =>
    text
      .split(CUT)
      .map((part) => clean(part, replacement))
      .join(CUT);
}
