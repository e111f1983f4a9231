import { createAuthScanner } from './auth-scan.ts';
import type { AuthSign } from './auth-scan.ts';
import { toEvidence } from './evidence.ts';
import { createLineReader } from './line-reader.ts';

/** A longer line is cut: only its beginning is of use. */
const LINE_BYTES = 64 * 1024;

/** What is kept of a line, in characters: more than evidence needs, for escape sequences that do not count. */
const KEPT_CHARACTERS = 1000;

/** How many of the newest lines are kept. */
const NEWEST_LINES = 5;

/** What a CLI printed besides its protocol: its stderr, and lines of stdout that are not JSON. */
export interface PlainLines {
  /** Takes bytes of stderr; gives the signs of dead credentials in them, the first of each vendor. */
  push(chunk: Uint8Array): AuthSign[];
  /** The signs in the unfinished line of stderr as it stands. */
  peek(): AuthSign[];
  /** Takes a line of stdout that is not of the protocol; it may be the agent's own words, and is evidence only. */
  note(line: string): void;
  /** Takes the unfinished line of stderr as its last; gives its signs. */
  end(): AuthSign[];
  /** The first line of stderr: what a CLI says that cannot start. */
  first(): string | undefined;
  /** The newest lines of stderr, oldest first, each as evidence. */
  newest(): readonly string[];
  /** The newest line of stdout that was not of the protocol, as evidence. */
  noise(): string | undefined;
}

/** Builds the keeper of a run's plain lines; `isForeign` tells evidence that is no word of the CLI's own. */
export function createPlainLines(isForeign: (evidence: string) => boolean = () => false): PlainLines {
  const scanner = createAuthScanner();
  const told = new Set<string | undefined>();
  const reader = createLineReader({ maxLineBytes: LINE_BYTES, onLine: keep, onTooLong: keep });
  let first: string | undefined;
  let lines: string[] = [];
  let noise: string | undefined;

  function keep(line: string): void {
    const kept = line.slice(0, KEPT_CHARACTERS);
    if (first === undefined && toEvidence(kept) !== '') first = toEvidence(kept);
    lines.push(kept);
    // Cut now and then instead of with each line: a flood of stderr is cheap so.
    if (lines.length > 20 * NEWEST_LINES) lines = lines.filter((one) => one.trim() !== '').slice(-NEWEST_LINES);
  }

  function fresh(signs: readonly AuthSign[]): AuthSign[] {
    return signs.filter(
      ({ evidence, credentialHint }) => !isForeign(evidence) && !told.has(credentialHint) && told.add(credentialHint),
    );
  }

  return {
    push(chunk) {
      reader.push(chunk);
      return fresh(scanner.push(chunk));
    },
    peek: () => fresh(scanner.peek()),
    note(line) {
      if (line.trim() !== '') noise = line.slice(0, KEPT_CHARACTERS);
    },
    end() {
      reader.end();
      return fresh(scanner.end());
    },
    first: () => first,
    newest: () =>
      lines
        .map(toEvidence)
        .filter((line) => line !== '')
        .slice(-NEWEST_LINES),
    noise: () => (noise === undefined ? undefined : toEvidence(noise)),
  };
}
