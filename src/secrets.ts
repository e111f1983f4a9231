import { createPieceRemoval } from './secret-pieces.ts';
import { createSecretSearch, formsOf, type SecretSearch, SHORTEST_SECRET } from './secret-search.ts';
import { createSecretStream, type SecretStream } from './secret-stream.ts';

/** Takes secrets out of text before anybody sees it. */
export interface Scrubber {
  /**
   * The text with every known secret, and everything that is shaped like one, replaced by `[secret]`; also what is left of a known one where
   * the text begins, ends, or was cut: evidence is shortened by whoever reads it, before anybody looks for secrets in it.
   */
  scrub(text: string): string;
  /**
   * Makes one more secret known; those shorter than 8 characters are ignored, since they would take ordinary words with them. A lasting
   * one is not forgotten for the many that live as long as a run, and is looked for in every run's log.
   */
  add(secret: string, life?: 'lasting'): void;
  /** Opens a stream that takes every lasting secret out, also those that become known later, and these. */
  openStream(own: readonly string[]): SecretStream;
}

const REPLACEMENT = '[secret]';

/** As many tokens of runs as can be alive or have just ended; beyond this the oldest, long dead ones are forgotten. */
const MOST_PASSING = 300;
/** Rotations add secrets for ever; the vault adds those in use anew, so that the oldest are long dead ones. */
const MOST_LASTING = 200;

/**
 * Shapes of secrets: a Telegram bot token (also in a URL, behind `bot`), vendors' key prefixes, and the headers that carry tokens.
 * The counts of digits and blanks are bounded so that a hostile text cannot make the search quadratic.
 */
const SHAPES =
  /(?:\d{6,20}(?::|%3A)[\w-]{30,})|(?:sk-ant-[\w-]{8,}|\bsk-[\w-]{20,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,})|(?<scheme>\b(?:bearer|basic)\s{1,4})[\w.~+/=-]{16,}/gi;

/** Whether a text holds something that is shaped like a vendor's token or key, known or not. */
export function holdsToken(text: string): boolean {
  return text.search(SHAPES) >= 0;
}

/** Builds a scrubber that knows these secrets for ever. */
export function createScrubber(known: readonly string[]): Scrubber {
  const pinned = [...new Set(known.filter(isLongEnough))];
  const lasting = createMemory(MOST_LASTING);
  const passing = createMemory(MOST_PASSING);
  /** Every known secret in all its forms. */
  let forms: readonly string[] | undefined;
  let withoutPieces = createPieceRemoval([]);
  let lastingSearch: SecretSearch | undefined;

  return {
    add(secret, life) {
      if (!isLongEnough(secret)) return;
      if (life === undefined) {
        if (passing.add(secret)) forms = undefined;
      } else if (lasting.add(secret)) {
        forms = undefined;
        lastingSearch = undefined;
      }
    },
    scrub(text) {
      if (forms === undefined) {
        forms = [...new Set([...pinned, ...lasting.all(), ...passing.all()].flatMap(formsOf))];
        withoutPieces = createPieceRemoval(forms);
      }
      // Longest first, so that a secret that contains another one is replaced as a whole.
      const found = forms.filter((form) => text.includes(form)).sort((a, b) => b.length - a.length);
      const withoutKnown = found.reduce((rest, form) => rest.replaceAll(form, REPLACEMENT), text);
      return withoutPieces(withoutKnown, REPLACEMENT).replace(
        SHAPES,
        (...match) => `${(match.at(-1) as { scheme?: string }).scheme ?? ''}${REPLACEMENT}`,
      );
    },
    openStream(own) {
      const ownSearch = createSecretSearch(own);
      return createSecretStream(() => {
        lastingSearch ??= createSecretSearch([...pinned, ...lasting.all()]);
        return [lastingSearch, ownSearch];
      });
    },
  };
}

function isLongEnough(secret: string): boolean {
  return secret.length >= SHORTEST_SECRET;
}

/** Keeps the newest of what is added; what is added again is new again. `add` tells whether that changed what is kept. */
function createMemory(most: number) {
  const kept = new Set<string>();
  return {
    add(secret: string): boolean {
      const isNew = !kept.delete(secret);
      kept.add(secret);
      const [oldest] = kept;
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
      return isNew;
    },
    all: (): readonly string[] => [...kept],
  };
}
