/** Two texts that share so much of their lines say the same. */
const ALIKE = 0.9;

/**
 * Whether two versions of a WORKSTATE.md say nearly the same: what differs from look to look by itself - numbers, times, spaces - does not
 * count, and neither does the order of lines.
 */
export function isNearlySame(one: string, other: string): boolean {
  const [ones, others] = [linesOf(one), linesOf(other)];
  const enough = ALIKE * Math.max(ones.length, others.length);
  if (Math.min(ones.length, others.length) < enough) return false;
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  let shared = 0;
  for (const line of ones) {
    const count = left.get(line) ?? 0;
    if (count === 0) continue;
    left.set(line, count - 1);
    shared += 1;
  }
  return shared >= enough;
}

function linesOf(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .replace(/\d+/g, '0')
      // A single space stays as it is: a match for each would be most of the work.
      .replace(/[^\S\n]{2,}|[^\S\n ]/g, ' ')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
  );
}
