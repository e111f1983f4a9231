import { FormattedString } from '@grammyjs/parse-mode';
import type { Change } from 'diff';
// The whole package is three times as many modules at each start.
import { diffWordsWithSpace } from 'diff/lib/diff/word.js';
import { count, line, type Piece, shorten } from './words.ts';

/** What a diff may take of a card: it is looked at beside the text, and does not stand for it. */
const LONGEST_DIFF = 800;
/** What is compared word by word, after what both texts have in common at their ends was set aside: more than fits a card anyway. */
const LONGEST_COMPARED = 4_000;
/** Words that may differ before the comparison is given up: its cost grows with their square, and this takes milliseconds. */
const MOST_EDITS = 300;
/** How much of the unchanged text stands beside a change. */
const LONGEST_BESIDE = 40;
/** About as many UTF-16 units as a word has, where nobody counts them. */
const WORD_LENGTH = 6;

/** What changed between two revisions: word by word where that is little enough to be read, and as a number. */
export interface TextDiff {
  readonly full: FormattedString | undefined;
  readonly short: string;
}

/** Compares two texts in bounded time, however long they are. */
export function compareTexts(before: string, after: string): TextDiff {
  const [from, to] = sharedEnds(before, after);
  const [old, young] = [before.slice(from, before.length - to), after.slice(from, after.length - to)];
  if (old.length > LONGEST_COMPARED || young.length > LONGEST_COMPARED)
    return {
      full: undefined,
      short: `about ${Math.round(Math.max(old.length, young.length) / WORD_LENGTH)} words changed`,
    };
  const changes = diffWordsWithSpace(old, young, { maxEditLength: MOST_EDITS });
  if (changes === undefined) return { full: undefined, short: `over ${Math.round(MOST_EDITS / 2)} words changed` };
  const short = `${count(countWords(changes), 'word')} changed`;
  const all = [unchanged(before.slice(0, from)), ...joinReplaced(changes), unchanged(before.slice(before.length - to))];
  const shown = line(...all.map((change, index) => renderChange(change, index === 0, index === all.length - 1)));
  return { full: shown.text.length <= LONGEST_DIFF ? FormattedString.expandableBlockquote(shown) : undefined, short };
}

/** How many units both texts begin and end with alike, back to where a word begins. */
function sharedEnds(before: string, after: string): [head: number, tail: number] {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  while (head > 0 && !isGap(before, head - 1)) head -= 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  while (tail > 0 && !isGap(before, before.length - tail)) tail -= 1;
  return [head, tail];
}

function isGap(text: string, at: number): boolean {
  return /\s/.test(text.charAt(at));
}

function unchanged(value: string): Change {
  return { value, added: false, removed: false, count: 0 };
}

/**
 * Where several words in a row were replaced, the old ones stand together before the new ones: word for word nobody could read either. A
 * blank keeps an old word and the new one apart.
 */
function joinReplaced(changes: readonly Change[]): Change[] {
  const joined: Change[] = [];
  let [old, young, gap] = ['', '', ''];
  const end = (): void => {
    const isApart = old === '' || young === '' || isGap(old, old.length - 1) || isGap(young, 0);
    if (old !== '') joined.push({ ...unchanged(old), removed: true });
    if (!isApart) joined.push(unchanged(' '));
    if (young !== '') joined.push({ ...unchanged(young), added: true });
    if (gap !== '') joined.push(unchanged(gap));
    [old, young, gap] = ['', '', ''];
  };
  for (const change of changes) {
    const isSame = !change.added && !change.removed;
    if (isSame && gap === '' && old !== '' && young !== '' && /^[^\S\n]+$/.test(change.value)) gap = change.value;
    else if (isSame) {
      end();
      joined.push(change);
    } else {
      [old, young, gap] = [old + gap, young + gap, ''];
      if (change.removed) old += change.value;
      else young += change.value;
    }
  }
  end();
  return joined;
}

/** What a person would count: a word that was replaced by another is one. */
function countWords(changes: readonly Change[]): number {
  const words = (isWanted: (change: Change) => boolean): number =>
    changes.filter(isWanted).reduce((sum, { value }) => sum + (value.match(/\S+/g)?.length ?? 0), 0);
  return Math.max(
    1,
    words(({ added }) => added),
    words(({ removed }) => removed),
  );
}

function renderChange({ value, added, removed }: Change, isFirst: boolean, isLast: boolean): Piece {
  if (added) return FormattedString.bold(FormattedString.underline(visible(value)));
  if (removed) return FormattedString.strikethrough(visible(value));
  const most = isFirst || isLast ? LONGEST_BESIDE : 2 * LONGEST_BESIDE;
  if (value.length <= most) return value;
  const end = isFirst ? '…' : beginningOf(value);
  return isLast ? end : `${end}${endOf(value)}`;
}

/** The first words that fit beside a change; of a language without blanks, as many characters. */
function beginningOf(value: string): string {
  return shorten(value, LONGEST_BESIDE).replace(/(?<=\S)\s+\S*…$/, '…');
}

/** The last words that fit beside a change. */
function endOf(value: string): string {
  const end = value.slice(-LONGEST_BESIDE).replace(/^[\udc00-\udfff]/, '');
  return end.replace(/^\S*\s+(?=\S)/, '');
}

/** Whitespace alone would be a change that nobody sees. */
function visible(value: string): string {
  return value.trim() === '' ? value.replaceAll('\n', '⏎\n').replaceAll(' ', '␣').replaceAll('\t', '⇥') : value;
}
