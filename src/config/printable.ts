/** A text that is safe to print on one line, at most `limit` characters of it. */
export function printable(text: string, limit: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}
