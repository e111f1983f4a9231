/** What the font has: Latin, Greek and Cyrillic letters, and what stands between words; each of them one UTF-16 unit. */
const DRAWABLE =
  /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u0148\u014a-\u01c3\u01c5-\u024f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u0479\u0480-\u049d\u04a0-\u04ff\u1e80-\u1e85\u1ea0-\u1ef9\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u20ac\u2190-\u2193\u2248\u2264\u2265]$/;

/** More than this is cut anyway where it is drawn. */
const MAX_LETTERS = 120;

/**
 * A text with a mark in place of each run of letters that the font lacks: a fallback font would be another one on each machine, or none.
 */
export function drawable(text: string): string {
  let shown = '';
  let letters = 0;
  for (const letter of text.normalize('NFC')) {
    if (letters >= MAX_LETTERS) return `${shown}…`;
    const isKnown = DRAWABLE.test(letter);
    if (isKnown || !shown.endsWith('?')) letters += 1;
    if (isKnown) shown += letter;
    else if (!shown.endsWith('?')) shown += '?';
  }
  return shown;
}

/** Dollars as they fit on a picture: cents below a hundred, whole dollars below ten thousand, then thousands and millions. */
export function dollars(usd: number): string {
  if (usd > 0 && usd < 0.01) return '<$0.01';
  if (usd < 99.995) return `$${usd.toFixed(2)}`;
  if (usd < 9_999.5) return `$${Math.round(usd).toLocaleString('en-US')}`;
  if (usd < 999_950) return `$${(usd / 1e3).toFixed(1)}k`;
  if (usd < 999_950_000) return `$${(usd / 1e6).toFixed(1)}M`;
  return `$${(usd / 1e9).toLocaleString('en-US', { maximumFractionDigits: 1 })}bn`;
}

/** A name with its middle left out where it has too many letters: what tells names apart stands at their ends as often as at their starts. */
export function shortName(name: string, most: number): string {
  const letters = drawable(name);
  const tail = Math.floor(most * 0.4);
  return letters.length <= most ? letters : `${letters.slice(0, most - 1 - tail)}…${letters.slice(-tail)}`;
}

/** A limit or an expectation, which nobody reads to the cent: `$60`, `$2.50`. */
export function roundDollars(usd: number): string {
  return dollars(usd >= 20 && usd < 1e4 ? Math.round(usd) : usd).replace(/\.0+(?=\D|$)/, '');
}
