import type { Clock } from '../ports.ts';
import type { RunEvent } from '../runtimes/runtime.ts';
import { createRepetitionWatch, type Repetition } from './repetition.ts';

/** Calls of one run that are kept in mind until they end; no agent makes as many at once. */
const MOST_OPEN = 256;
/** Lines of a program's output that are compared within a second: a flood is one all the same, and must not be made expensive. */
const MOST_LINES_A_SECOND = 100;
/** What is compared of a line, in bytes. */
const LINE_BYTES = 200;
const NEWLINE = 0x0a;
/** Our own tools: what they do has clocks of its own. */
const OWN_TOOL = /^mcp_{1,2}nightdesk_{1,2}/;

/** What a run's output says of its being alive. */
export interface RunSigns {
  /** When its CLI last told of something new that the agent does (epoch ms); undefined: never yet. */
  livelyAt(): number | undefined;
  /** What it does over and over. */
  repeating(): Repetition | undefined;
}

/** Reads signs of life out of what a run says. */
export interface SignReader extends RunSigns {
  /** Takes an event of its CLI. */
  take(event: RunEvent): void;
  /** Takes output of a program that is no known CLI: lines that are printed over and over. */
  takeOutput(chunk: Uint8Array): void;
  /** Nothing was seen later than now: the clock was set back. */
  noLaterThan(now: number): void;
}

/**
 * Builds the reader of one run. What is done over and over is no sign, whatever the agent says in between: only a call that it has not
 * made among its last ones ends a loop. What a CLI does by itself is none either: its tries of a call, its warnings, its ticks while a
 * tool runs.
 */
export function createSignReader(clock: Clock): SignReader {
  const calls = createRepetitionWatch();
  const words = createRepetitionWatch();
  /** Calls that were new when they began: their end is a sign, too. */
  const fresh = new Set<string>();
  let livelyAt: number | undefined;
  let second = 0;
  let linesInSecond = 0;

  function note(isSign: boolean): void {
    if (isSign) livelyAt = clock.now();
  }

  function begin({ id, tool, input, likeness }: RunEvent & { kind: 'tool-begun' }): boolean {
    if (OWN_TOOL.test(tool)) return false;
    const label = input === '' ? tool : `${tool}: ${input}`;
    const isNew = calls.take(label, clock.now(), likeness === undefined ? undefined : `${tool}:${likeness}`);
    const [oldest] = fresh;
    if (fresh.size >= MOST_OPEN && oldest !== undefined) fresh.delete(oldest);
    if (isNew) fresh.add(id);
    return isNew;
  }

  return {
    livelyAt: () => livelyAt,
    repeating: () => calls.summary() ?? words.summary(),
    noLaterThan: (now) => void (livelyAt = livelyAt === undefined ? undefined : Math.min(livelyAt, now)),
    take(event) {
      switch (event.kind) {
        case 'session':
        case 'compacted':
        case 'permission':
          return note(true);
        case 'tool-begun':
          return note(begin(event));
        case 'tool-ended':
          return note(fresh.delete(event.id));
        case 'said':
          return note(words.take(event.text, clock.now()) && !calls.isLooping());
        default:
          return;
      }
    },
    takeOutput(chunk) {
      const now = clock.now();
      const at = Math.floor(now / 1_000);
      if (at !== second) [second, linesInSecond] = [at, 0];
      for (let start = 0; start < chunk.length && linesInSecond < MOST_LINES_A_SECOND; linesInSecond += 1) {
        const newline = chunk.indexOf(NEWLINE, start);
        const end = newline === -1 ? chunk.length : newline;
        const line = Buffer.from(chunk.subarray(start, Math.min(end, start + LINE_BYTES))).toString();
        if (line.trim() !== '') words.take(line.trim(), now);
        start = end + 1;
      }
    },
  };
}
