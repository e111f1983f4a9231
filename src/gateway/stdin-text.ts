/** A text on stdin, or what is wrong with it: a sentence. */
export type StdinText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'wrong'; readonly reason: string };

/** Reads a text as it stands: a byte-order mark and the last newline belong to it. `what` is its name, as in "the output". */
export async function readStdinText(
  stdin: AsyncIterable<Uint8Array | string>,
  { what, maxBytes }: { readonly what: string; readonly maxBytes: number },
): Promise<StdinText> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes)
        return wrong(`${what} has more than ${maxBytes / 1024} KiB: put the data into a file, and name it`);
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
