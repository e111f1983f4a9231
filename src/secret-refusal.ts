/** How the refusal of a text ends that holds a secret: it is in no row, so only its author can take it out. */
export const HOLDS_SECRET = 'holds something that looks like a token or key; take it out';

/** Whether any of these texts, where there is one, holds a secret that `scrub` knows. */
export function holdsSecret(texts: readonly (string | undefined)[], scrub: (text: string) => string): boolean {
  return texts.some((text) => text !== undefined && scrub(text) !== text);
}
