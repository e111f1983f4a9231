import { appendBytes, createByteTail, keepNewest, readBytes } from './byte-tail.ts';
import { plainText, toEvidence } from './evidence.ts';
import { createNeedleSearch } from './needle-search.ts';
import { SIGNATURES } from './signatures.ts';
import { VENDORS } from './vendors.ts';

/** An unfinished line is held back up to this many bytes; a longer one is looked at in pieces. */
const LINE_BYTES = 64 * 1024;

/** How much of a long line around a needle is looked at, on either side; every signature is far shorter. */
const WINDOW_BYTES = 1024;

const NEWLINE = 0x0a;

/** How far before its finding the evidence of a long line begins. */
const LEAD_CHARACTERS = 100;

/** A sign of a dead credential in one line of output. */
export interface AuthSign {
  readonly evidence: string;
  /** The vendor that the line names, where it names one. */
  readonly credentialHint: string | undefined;
}

/** Looks for dead credentials in one stream of output. */
export interface AuthScanner {
  /** The signs in the lines that this chunk completes; lines that are alike and follow each other give one. */
  push(chunk: Uint8Array): AuthSign[];
  /** The signs in the unfinished line as it stands, for a program that went silent in the middle of it. */
  peek(): AuthSign[];
  /** The signs in the last, unfinished line. */
  end(): AuthSign[];
}

/** The cheap look before the exact one: every byte of output goes through it. */
const NEEDLES = createNeedleSearch(SIGNATURES.map((family) => family.needles));

/** Builds a scanner; use one per stream, since lines of stdout and stderr interleave. */
export function createAuthScanner(): AuthScanner {
  const unfinished = createByteTail();
  let lastSeen = '';

  function scan(bytes: Buffer): AuthSign[] {
    const signs: AuthSign[] = [];
    const text = toView(bytes);
    for (let hit = NEEDLES.find(text, 0); hit !== -1; ) {
      const start = lineStart(bytes, hit);
      const end = lineEnd(bytes, hit);
      // Compared as Latin-1, one character a byte: nothing can be invalid, and no character is cut.
      const seen = bytes.toString('latin1', start, end);
      if (seen !== lastSeen) {
        lastSeen = seen;
        const sign = isPlain(seen)
          ? judgePlain(seen, NEEDLES.groupsIn(text, start, end))
          : judge(bytes.toString('utf8', start, end));
        if (sign !== undefined) signs.push(sign);
      }
      // In a long line go on where the window still has some way to its end, so that nothing is cut by it.
      const isWhole = end === bytes.length || bytes[end] === NEWLINE;
      hit = NEEDLES.find(text, isWhole ? end : end - WINDOW_BYTES / 2);
    }
    return signs;
  }

  return {
    peek: () => scan(readBytes(unfinished)),
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      const cut = bytes.lastIndexOf(NEWLINE) + 1;
      if (cut === 0) {
        appendBytes(unfinished, bytes);
        if (unfinished.length <= LINE_BYTES) return [];
        const signs = scan(readBytes(unfinished));
        keepNewest(unfinished, WINDOW_BYTES);
        return signs;
      }
      // Only the first line is put together with what came before; the others are read where they stand.
      const first = unfinished.length === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      appendBytes(unfinished, bytes.subarray(0, first));
      const isEndless = bytes.length - cut > LINE_BYTES;
      const signs = [...scan(readBytes(unfinished)), ...scan(bytes.subarray(first, isEndless ? bytes.length : cut))];
      keepNewest(unfinished, 0);
      appendBytes(unfinished, bytes.subarray(isEndless ? -WINDOW_BYTES : cut));
      return signs;
    },
    end() {
      const signs = scan(readBytes(unfinished));
      keepNewest(unfinished, 0);
      return signs;
    },
  };
}

/** Where the line of this place begins, or the window around it. */
function lineStart(bytes: Buffer, at: number): number {
  const least = Math.max(0, at - WINDOW_BYTES);
  let start = at;
  while (start > least && bytes[start - 1] !== NEWLINE) start -= 1;
  return start;
}

/** Where the line of this place ends, or the window around it. */
function lineEnd(bytes: Buffer, at: number): number {
  const most = Math.min(bytes.length, at + WINDOW_BYTES);
  let end = at;
  while (end < most && bytes[end] !== NEWLINE) end += 1;
  return end;
}

function toView(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether a line shows a dead credential, by the exact signatures. */
export function judge(line: string): AuthSign | undefined {
  const text = isPlain(line) ? line : plainText(line);
  const bytes = Buffer.from(text);
  return judgePlain(text, NEEDLES.groupsIn(toView(bytes), 0, bytes.length));
}

/** The same for a line as a person sees it, by the signatures of these families: the others lack their needle. */
function judgePlain(text: string, families: number): AuthSign | undefined {
  for (let rest = families; rest !== 0; rest &= rest - 1) {
    for (const signature of SIGNATURES[31 - Math.clz32(rest & -rest)]?.signatures ?? []) {
      const found = signature.exec(text);
      if (found === null) continue;
      const evidence = toEvidence(text.length <= 300 ? text : text.slice(Math.max(0, found.index - LEAD_CHARACTERS)));
      return { evidence, credentialHint: VENDORS.find((vendor) => vendor.pattern.test(text))?.name };
    }
  }
  return undefined;
}

/** Printable ASCII through and through: most lines, and worth the short way. */
function isPlain(text: string): boolean {
  return !/[^ -~]/.test(text);
}
