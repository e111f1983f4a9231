/** The longest secret that is read, in bytes: what is longer was put there by mistake, and no environment takes it. */
export const MOST_SECRET_BYTES = 64 * 1024;

/** A secret, or why there is none, in words without it. */
export type SecretText =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'none'; readonly reason: string };

/** Reads what a file or a program holds as a secret: one final newline and a byte-order mark are no part of it. */
export function parseSecret(text: string): SecretText {
  const secret = text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
  if (secret.trim() === '') return { kind: 'none', reason: 'it is empty' };
  if (Buffer.byteLength(text) > MOST_SECRET_BYTES)
    return { kind: 'none', reason: `it is longer than ${MOST_SECRET_BYTES / 1024} KiB` };
  // No environment can hold a NUL; and what is not UTF-8 would reach the agent as something else.
  if (/[\0\uFFFD]/.test(secret)) return { kind: 'none', reason: 'it is no text' };
  return { kind: 'secret', secret };
}
