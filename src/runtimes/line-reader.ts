/** The longest line that is read; agents print files and pictures as one line of JSON, and 16 MB of it is far above all seen. */
export const LINE_BYTES = 16 * 1024 * 1024;

/** What is kept of a line that is too long: enough to see what it was. */
const BEGINNING_BYTES = 1024;

/** The space for an unfinished line at first, and again after a long one: a pipe hands over at most this much at once. */
const USUAL_BYTES = 64 * 1024;

const NEWLINE = 10;

const NOTHING = Buffer.alloc(0);

/** Turns chunks of bytes into whole lines, in memory bounded by the longest line allowed. */
export interface LineReader {
  /** Takes bytes cut anywhere, and hands on each line that they complete, without its end. */
  push(chunk: Uint8Array): void;
  /** The unfinished line as it stands; empty when there is none, or when it is too long already. */
  peek(): string;
  /** Hands on the unfinished line, as the last one. */
  end(): void;
}

/**
 * Builds a line reader. `onTooLong` is called once for a line that is longer than `maxLineBytes`, as soon as it is, with its first
 * kilobyte: the line itself is skipped.
 */
export function createLineReader(options: {
  readonly maxLineBytes: number;
  readonly onLine: (line: string) => void;
  readonly onTooLong?: (beginning: string) => void;
}): LineReader {
  const { maxLineBytes, onLine, onTooLong } = options;
  // The unfinished line: copied, since a chunk may be used again by who read it, and since a million one-byte chunks are one line too.
  let held: Buffer = NOTHING;
  let length = 0;
  let isSkipping = false;

  function hold(part: Buffer): void {
    if (isSkipping || part.length === 0) return;
    if (length + part.length > maxLineBytes) {
      skip(part);
      return;
    }
    if (length + part.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(USUAL_BYTES, 2 * (length + part.length)));
      held.copy(larger, 0, 0, length);
      held = larger;
    }
    part.copy(held, length);
    length += part.length;
  }

  function skip(part: Buffer): void {
    const known = Buffer.concat([
      held.subarray(0, Math.min(length, BEGINNING_BYTES)),
      part.subarray(0, BEGINNING_BYTES),
    ]);
    forget();
    isSkipping = true;
    onTooLong?.(known.toString('utf8', 0, BEGINNING_BYTES));
  }

  function forget(): void {
    if (held.length > USUAL_BYTES) held = NOTHING;
    length = 0;
    isSkipping = false;
  }

  function finish(last: Buffer): void {
    hold(last);
    const line = isSkipping ? undefined : toText(held, 0, length);
    forget();
    if (line !== undefined) onLine(line);
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        if (length > 0 || isSkipping) finish(bytes.subarray(start, end));
        else if (end - start > maxLineBytes) {
          skip(bytes.subarray(start, end));
          forget();
        } else onLine(toText(bytes, start, end));
        start = end + 1;
      }
      if (start < bytes.length) hold(start === 0 ? bytes : bytes.subarray(start));
    },
    peek: () => toText(held, 0, length),
    end() {
      if (length > 0 && !isSkipping) finish(NOTHING);
      else forget();
    },
  };
}

/** Invalid UTF-8 becomes U+FFFD; a carriage return before the end of the line belongs to that end. */
function toText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end > start && bytes[end - 1] === 13 ? end - 1 : end);
}
