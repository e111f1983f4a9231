/** What programs draw around what they say: frames, and the rules between paragraphs. */
const FRAME = /[\u2500-\u259f]/g;

/**
 * Programs that wrap by themselves do so at the width of a small terminal, whatever ours is: a line of about this length that is one
 * word may go on in the next one. What is shorter was ended on purpose.
 */
const SHORTEST_WRAPPED = 60;

/** The lines of a screen without frames, and without the blanks around them. */
export function plainLines(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(FRAME, ' ').trim());
}

/** The same lines, where a word that was cut at the right edge is whole again. */
export function joinedLines(text: string): readonly string[] {
  const joined: string[] = [];
  let goesOn = false;
  for (const line of plainLines(text)) {
    const last = joined.at(-1);
    const isWord = line !== '' && !/\s/.test(line);
    if (goesOn && isWord && last !== undefined) joined[joined.length - 1] = last + line;
    else joined.push(line);
    goesOn = lastWordOf(line).length > 0 && line.length >= SHORTEST_WRAPPED && isLong(lastWordOf(line));
  }
  return joined;
}

function lastWordOf(line: string): string {
  return line.split(/\s+/).at(-1) ?? '';
}

/** A word of prose that ends a full line is no cut one: links, codes and tokens are long, or anything but letters. */
function isLong(word: string): boolean {
  return word.length >= 30 || /^https?:\/\//.test(word);
}
