import type { Clock, Disk } from '../ports.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import { readableOutput, renderLogEnd } from './cards/log-card.ts';
import { describeLog } from './cards/log-lines.ts';
import { LONGEST_TEXT, shorten } from './cards/words.ts';
import type { ReadyContent } from './bot-call.ts';
import type { Content, FileContent } from './outbox.ts';

/** The largest file that is sent: the Bot API takes 50 MB. */
const MOST_FILE_BYTES = 45_000_000;
/** What is read of a log to show its end: some hundred lines, of which a message takes the last. */
const END_BYTES = 32 * 1024;
/**
 * What is read of a log in lines of JSON, of which a person is shown the smallest part: the second time, where the first does not fill a
 * message. The results of a call may well be a megabyte.
 */
const JSON_END_BYTES = [256 * 1024, 2 * 1024 * 1024] as const;
/** How much is searched for secrets at once: with a thousand of them known, some 30 ms of the event loop. */
const PIECE_CHARS = 64 * 1024;
/** Looked at on both sides of a cut, whether a secret lies across it. */
const SEAM_CHARS = 4 * 1024;

const GONE = 'Its log is gone: it was older than logs.keep, or had to make room for newer ones.';

/** Makes of a content that names a file one that holds what is in it, just before it is sent. */
export type FileReader = (content: FileContent) => Promise<ReadyContent>;

/** Builds the reader of logs. What it gives is readable, holds no known secret, and says so when there is nothing (any more). */
export function createFileReader(options: {
  readonly disk: Pick<Disk, 'readLog'>;
  readonly clock: Clock;
  readonly scrub: (text: string) => string;
  /** Who understands the lines of a log; without one they are shown as they are. */
  readonly lineReaderOf?: (logPath: string) => LogLineReader | undefined;
}): FileReader {
  const { disk, clock, scrub, lineReaderOf } = options;

  function breathe(): Promise<void> {
    return new Promise((resolve) => void clock.after(0, resolve));
  }

  /** Cleans a text of any length without holding up everybody else. */
  async function clean(text: string): Promise<string> {
    const pieces: string[] = [];
    for (let from = 0; from < text.length; ) {
      const to = findCut(text, from + PIECE_CHARS, scrub);
      pieces.push(scrub(readableOutput(text.slice(from, to))));
      from = to;
      await breathe();
    }
    return pieces.join('');
  }

  /** The end of a log for a person: as much as fills a message; undefined when there is no such log. */
  async function describeEnd(path: string, read: LogLineReader): Promise<string | undefined> {
    let described: string | undefined;
    for (const most of JSON_END_BYTES) {
      const bytes = await disk.readLog(path, most);
      if (bytes === undefined) return undefined;
      const text = new TextDecoder().decode(bytes);
      const isCut = bytes.length >= most;
      // Before anything is shortened: half a secret is none that anybody knows. And after it, since JSON hides some of them.
      const lines = await clean(isCut ? text.slice(text.indexOf('\n') + 1) : text);
      described = scrub(readableOutput(describeLog(lines, read)));
      if (!isCut || described.length >= LONGEST_TEXT) break;
    }
    return described;
  }

  return async ({ path, name, body, shows }) => {
    const read = shows === 'end' ? lineReaderOf?.(path) : undefined;
    if (read !== undefined) {
      const described = await describeEnd(path, read);
      return described === undefined ? saying(body, GONE) : { kind: 'text', body: renderLogEnd(body, described) };
    }
    const bytes = await disk.readLog(path, shows === 'all' ? MOST_FILE_BYTES : END_BYTES);
    if (bytes === undefined) return saying(body, GONE);
    const text = new TextDecoder().decode(bytes);
    if (shows === 'end') return { kind: 'text', body: renderLogEnd(body, scrub(readableOutput(text))) };
    const content = await clean(text);
    // Telegram takes no empty file.
    if (content.trim() === '') return saying(body, 'It has said nothing yet.');
    const isCut = bytes.length >= MOST_FILE_BYTES;
    return { kind: 'document', name, content, body: isCut ? withWords(body, 'Only the last 45 MB of it.') : body };
  };
}

function saying(body: FileContent['body'], words: string): Content & { kind: 'text' } {
  return { kind: 'text', body: withWords(body, words) };
}

function withWords(body: FileContent['body'], words: string): FileContent['body'] {
  return { text: `${shorten(body.text, 900)}\n\n${words}`, entities: body.entities };
}

/** Where a text can be cut near `wanted` without a secret across the cut: behind a line if there is one. */
function findCut(text: string, wanted: number, scrub: (text: string) => string): number {
  // Each try goes on to an earlier line; a place where all fail is inside of something that is no line at all.
  for (let tries = 0, at = wanted; tries < 20 && at < text.length; tries += 1) {
    const newline = text.lastIndexOf('\n', at - 1);
    const cut = newline >= wanted - PIECE_CHARS / 2 ? newline + 1 : at;
    const before = text.slice(Math.max(0, cut - SEAM_CHARS), cut);
    const behind = text.slice(cut, cut + SEAM_CHARS);
    if (scrub(before) + scrub(behind) === scrub(before + behind)) return cut;
    at = newline >= wanted - PIECE_CHARS / 2 ? newline : at - 97;
  }
  return text.length;
}
