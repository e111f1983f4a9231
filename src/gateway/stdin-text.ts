/** A text on stdin, or what is wrong with it: a sentence. */
export type StdinText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'wrong'; readonly reason: string };

/** What is expected on stdin: its name, as in "the output", the bytes that it may have, and what is said of more. */
export interface ExpectedText {
  readonly what: string;
  readonly maxBytes: number;
  readonly tooLong: string;
}

/** Reads a text as it stands: a byte-order mark and the last newline belong to it. */
export async function readStdinText(
  stdin: AsyncIterable<Uint8Array | string>,
  { what, maxBytes, tooLong }: ExpectedText,
): Promise<StdinText> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) return wrong(`${what} has more than ${tooLong}`);
      chunks.push(bytes);
    }
  } catch (error) {
    return wrong(`${what} on stdin cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    return wrong(`${what} on stdin is not UTF-8`);
  }
  return text.includes('\0') ? wrong(`${what} on stdin holds a NUL character`) : { kind: 'text', text };
}

function wrong(reason: string): StdinText {
  return { kind: 'wrong', reason };
}
