import { HOLDS_SECRET } from '../secret-refusal.ts';
/** The file in which an agent keeps what it is at, in its own workdir. */
export const WORKSTATE_FILE = 'WORKSTATE.md';

/** More than this is no summary any more: it would fill the context that it is to save. */
export const MAX_WORKSTATE_BYTES = 256 * 1024;

/** What is known of the content of a WORKSTATE.md, from wherever it came. */
export type WorkstateSource =
  /** As an agent handed it in. */
  | { readonly kind: 'text'; readonly text: string }
  /** A file as it was read; `bytes` is one more than may be at most. */
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly modifiedAt: number }
  | { readonly kind: 'missing' }
  /** A link that leads out of its agent's workdir. */
  | { readonly kind: 'outside' }
  /** A folder, a pipe, a device. */
  | { readonly kind: 'no-file' }
  | { readonly kind: 'unreadable'; readonly code: string };

/** A WORKSTATE.md that can be kept, or a sentence for its agent that says what to do. */
export type WorkstateVerdict =
  | { readonly kind: 'valid'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** The headings that it must have. */
const PARTS = ['Active Tasks', 'Critical Context', 'Next'] as const;
const PART_NAMES = PARTS.map((part) => part.toLowerCase());
const FORM = `the headings ${PARTS.slice(0, 2).join(', ')} and ${PARTS[2]}`;

/**
 * Judges what is to become a version.
 *
 * @param facts.twinOf The other agent whose newest version is this very text.
 * @param facts.holdsSecret Whether it holds something that is a secret, or looks like one.
 */
export function judgeWorkstate(
  source: WorkstateSource,
  facts: {
    readonly twinOf: (text: string) => string | undefined;
    readonly holdsSecret: (text: string) => boolean;
  },
): WorkstateVerdict {
  switch (source.kind) {
    case 'missing':
      return refused(`there is no ${WORKSTATE_FILE} in your workdir: write one, with ${FORM}`);
    case 'outside':
      return refused(
        `${WORKSTATE_FILE} is a link that leads out of your workdir: write a file of its own in its place`,
      );
    case 'no-file':
      return refused(`${WORKSTATE_FILE} is not a regular file: put one in its place`);
    case 'unreadable':
      return refused(`${WORKSTATE_FILE} cannot be read (${source.code}): see that its permissions allow it`);
    case 'file': {
      if (source.bytes.length > MAX_WORKSTATE_BYTES) return tooLong();
      try {
        return judgeText(new TextDecoder('utf-8', { fatal: true }).decode(source.bytes), facts);
      } catch {
        return refused(`${WORKSTATE_FILE} is not UTF-8 text: write it anew as plain text`);
      }
    }
    case 'text':
      return judgeText(source.text, facts);
  }
}

function judgeText(text: string, facts: Parameters<typeof judgeWorkstate>[1]): WorkstateVerdict {
  if (Buffer.byteLength(text) > MAX_WORKSTATE_BYTES) return tooLong();
  if (text.includes('\0') || !text.isWellFormed())
    return refused(`${WORKSTATE_FILE} holds NUL or broken characters: write it anew as plain text`);
  if (text.trim() === '') return refused(`${WORKSTATE_FILE} is empty: write what you are at, with ${FORM}`);
  const { found, hasContent } = readParts(text);
  const missing = PARTS.filter((part) => !found.has(part.toLowerCase()));
  if (missing.length > 0)
    return refused(`${WORKSTATE_FILE} has no heading ${missing.join(', none ')}: it needs ${FORM}`);
  if (!hasContent) return refused(`${WORKSTATE_FILE} has nothing below its headings: write what you are at there`);
  const twin = facts.twinOf(text);
  if (twin !== undefined)
    return refused(`this is ${twin}'s ${WORKSTATE_FILE}, word for word: write down what you yourself are at`);
  if (facts.holdsSecret(text)) return refused(`${WORKSTATE_FILE} ${HOLDS_SECRET}`);
  return { kind: 'valid', text };
}

/** Which parts there are, and whether anything stands below one of them. */
function readParts(text: string): { readonly found: ReadonlySet<string>; readonly hasContent: boolean } {
  const found = new Set<string>();
  let level = 0;
  let isFenced = false;
  let hasContent = false;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (/^ {0,3}(?:```|~~~)/.test(line)) isFenced = !isFenced;
    const heading = isFenced ? null : /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line);
    if (heading === null) {
      if (level > 0 && line.trim() !== '') hasContent = true;
      continue;
    }
    const depth = heading[1]?.length ?? 1;
    const part = partNamed(heading[2] ?? '');
    if (part !== undefined) {
      found.add(part);
      level = depth;
    } else if (depth <= level) level = 0;
  }
  return { found, hasContent };
}

/** The part that a heading names, whatever decorates it: `## **Next** steps:` is Next. */
function partNamed(heading: string): string | undefined {
  const words = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return PART_NAMES.find((name) => words === name || words.startsWith(`${name} `));
}

function tooLong(): WorkstateVerdict {
  return refused(
    `${WORKSTATE_FILE} has more than ${MAX_WORKSTATE_BYTES / 1024} KiB: leave out what is done, and keep what is needed to go on`,
  );
}

function refused(reason: string): WorkstateVerdict {
  return { kind: 'refused', reason };
}
