/** The known word that a misspelt one most probably stands for, or undefined when none is close. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const meant = normalise(word);
  const close = [...known]
    .map((candidate) => ({ candidate, distance: distance(meant, normalise(candidate)) }))
    .filter(({ candidate, distance }) => distance <= allowance(Math.max(meant.length, candidate.length)))
    .toSorted(
      (a, b) =>
        a.distance - b.distance ||
        sharedPrefix(meant, b.candidate) - sharedPrefix(meant, a.candidate) ||
        a.candidate.localeCompare(b.candidate, 'en'),
    );
  return close[0]?.candidate;
}

/** A third of the letters may be wrong; more than three never. */
function allowance(length: number): number {
  return Math.min(3, Math.max(1, Math.floor(length / 3)));
}

function normalise(word: string): string {
  // Longer words are no typos of any of ours, and the distance costs the product of both lengths.
  return word.slice(0, 64).toLowerCase().replaceAll('-', '_');
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** Damerau-Levenshtein (optimal string alignment): insertions, deletions, replacements, swaps of neighbours. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? cell(i - 2, j - 2) + 1
          : Number.POSITIVE_INFINITY;
      row.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced, swapped));
    }
  }
  return cell(a.length, b.length);
}
