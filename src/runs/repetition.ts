import { likenessOfText } from '../runtimes/likeness.ts';
import { duration, shorten } from '../telegram/cards/words.ts';

/** How many different things back something still counts as done again: a loop of more steps than this is hard to tell from work. */
const REMEMBERED = 8;
/** As many repeats in a row are a loop: a second look at the same thing is work. */
const LOOP = 3;
/** What is shown of what is repeated, in characters: two of them fit into an alert. */
const SHOWN_CHARACTERS = 80;
/** What one summary names. */
const NAMED = 2;

/** What a run does over and over. */
export interface Repetition {
  /** In words: `Bash: curl … 37 times in 12 min`. */
  readonly words: string;
  readonly times: number;
}

/**
 * Tells what is new from what only repeats: whatever is like one of the last few different things is a repeat. Its memory is these few
 * and no more.
 */
export interface RepetitionWatch {
  /** Takes something that was done; true when it is new. `likeness` is what it is compared by, where that is not the label. */
  take(label: string, at: number, likeness?: string): boolean;
  /** Whether the newest things done were all repeats. */
  isLooping(): boolean;
  /** What was done most since the last new thing; undefined while nothing is done over and over. */
  summary(): Repetition | undefined;
}

interface Remembered {
  readonly likeness: string;
  readonly label: string;
  times: number;
  firstAt: number;
  lastAt: number;
}

/** Builds a watch for one run. */
export function createRepetitionWatch(): RepetitionWatch {
  /** Least recently done first. */
  let known: Remembered[] = [];
  let repeats = 0;

  return {
    take(label, at, likeness = likenessOfText(label)) {
      const same = known.find((one) => one.likeness === likeness);
      if (same !== undefined) {
        repeats += 1;
        same.times += 1;
        same.lastAt = at;
        known = [...known.filter((one) => one !== same), same];
        return false;
      }
      repeats = 0;
      // What was done before something new happened is no part of a loop that begins now.
      for (const one of known) [one.times, one.firstAt] = [1, one.lastAt];
      known = [...known.slice(1 - REMEMBERED), { likeness, label, times: 1, firstAt: at, lastAt: at }];
      return true;
    },
    isLooping: () => repeats >= LOOP,
    summary() {
      const most = known.filter(({ times }) => times >= LOOP).toSorted((a, b) => b.times - a.times);
      const [first] = most;
      if (first === undefined) return undefined;
      const words = most
        .slice(0, NAMED)
        .map(
          ({ label, times, firstAt, lastAt }) =>
            `${shorten(label, SHOWN_CHARACTERS)} ${times} times in ${duration(lastAt - firstAt)}`,
        );
      return { words: words.join('; '), times: first.times };
    },
  };
}
