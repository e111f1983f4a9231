/** Takes secrets out of text before anybody sees it. */
export interface Scrubber {
  /** The text with every known secret, and everything that is shaped like one, replaced by `[secret]`. */
  scrub(text: string): string;
  /** Makes one more secret known; those shorter than 8 characters are ignored, since they would take ordinary words with them. */
  add(secret: string): void;
}

const REPLACEMENT = '[secret]';
const SHORTEST = 8;

/** Rotations add secrets for ever; beyond this many forms the oldest, long dead ones are forgotten. */
const MOST_KNOWN = 1000;

/**
 * Shapes of secrets: a Telegram bot token (also in a URL, behind `bot`), vendors' key prefixes, and the headers that carry tokens.
 * The counts of digits and blanks are bounded so that a hostile text cannot make the search quadratic.
 */
const SHAPES =
  /(?:\d{6,20}(?::|%3A)[\w-]{30,})|(?:sk-ant-[\w-]{8,}|\bsk-[\w-]{20,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,})|(?<scheme>\b(?:bearer|basic)\s{1,4})[\w.~+/=-]{16,}/gi;

/** Builds a scrubber that knows these secrets. */
export function createScrubber(known: readonly string[]): Scrubber {
  /** Oldest first; each secret also as it looks inside JSON and inside a URL. */
  let forms: string[] = [];

  function add(secret: string): void {
    if (secret.length < SHORTEST) return;
    const fresh = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
    forms = [...new Set([...forms, ...fresh])].slice(-MOST_KNOWN);
  }
  for (const secret of known) add(secret);
  return {
    add,
    scrub(text) {
      // Longest first, so that a secret that contains another one is replaced as a whole.
      const found = forms.filter((form) => text.includes(form)).sort((a, b) => b.length - a.length);
      const withoutKnown = found.reduce((rest, form) => rest.replaceAll(form, REPLACEMENT), text);
      return withoutKnown.replace(
        SHAPES,
        (...match) => `${(match.at(-1) as { scheme?: string }).scheme ?? ''}${REPLACEMENT}`,
      );
    },
  };
}
