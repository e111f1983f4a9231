/** What programs draw around what they say: frames, and the rules between paragraphs. */
const FRAME = /[\u2500-\u259f]/g;

/**
 * Programs that wrap by themselves do so at the width of a small terminal, whatever ours is: a line of about this length that ends in a
 * long word may go on in the next one. What is shorter was ended on purpose.
 */
const SHORTEST_WRAPPED = 60;
/** Where programs wrap that do not ask how wide the terminal is. */
const COMMON_WIDTHS: ReadonlySet<number> = new Set([72, 76, 78, 79, 80, 100, 120, 132]);
/** A word of prose; what follows a cut token has digits, signs or capitals in it, or is long. */
const PROSE = /^[A-Z]?[a-z]{1,19}[.,:;!?…]*$/;

/** The lines of a screen without frames, and without the blanks around them. */
export function plainLines(text: string): readonly string[] {
  return unframed(text).map((line) => line.trim());
}

/** The same lines, where a word that was cut at the right edge is whole again. */
export function joinedLines(text: string): readonly string[] {
  const joined: string[] = [];
  let widthBefore = 0;
  for (const framed of unframed(text)) {
    const line = framed.trim();
    const last = joined.at(-1) ?? '';
    const isWord = line !== '' && !/\s/.test(line);
    if (isWord && isCut(last, widthBefore, line)) joined[joined.length - 1] = last + line;
    else joined.push(line);
    widthBefore = framed.length;
  }
  return joined;
}

function unframed(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(FRAME, ' ').trimEnd());
}

function isCut(line: string, width: number, next: string): boolean {
  const word = line.split(/\s+/).at(-1) ?? '';
  if (width < SHORTEST_WRAPPED || (word.length < 30 && !/^https?:\/\//.test(word))) return false;
  return COMMON_WIDTHS.has(width) || !PROSE.test(next);
}
