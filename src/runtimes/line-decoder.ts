import type { ProcessExit } from '../ports.ts';
import type { AuthSign } from './auth-scan.ts';
import { toEvidence } from './evidence.ts';
import type { JsonRecord } from './json-fields.ts';
import { parseRecord } from './json-fields.ts';
import { createLineReader, LINE_BYTES } from './line-reader.ts';
import { createPlainLines } from './plain-lines.ts';
import type { PlainLines } from './plain-lines.ts';
import type { Decoder, Patience, RunEvent, RunInput, RunOutcome } from './runtime.ts';

/** How many tries of its own a CLI is heard about, in one run: one that waits for the network tries for ever. */
const MOST_RETRIES_TOLD = 100;

/** How many different warnings one run may give: more tell the owner nothing. */
const MOST_WARNINGS = 20;

/** What a protocol of one JSON object a line makes of a run. */
export interface Conversation {
  /** Takes one object of stdout. */
  take(message: JsonRecord): void;
  /** Takes signs of dead credentials that stderr showed, as they come. */
  takeSigns?(signs: readonly AuthSign[]): void;
  /** Takes one line of stderr. */
  takeNoise?(line: string): void;
  patience(): Patience | undefined;
  decide: Decoder['decide'];
  /** How the run ended by what the protocol said; undefined when it said nothing of an end. */
  outcome(exit: ProcessExit): RunOutcome | undefined;
}

/** Builds the decoder of a CLI that speaks in lines of JSON: `converse` gets where to put its events. */
export function createLineDecoder(
  run: Pick<RunInput, 'isForeign'>,
  converse: (emit: (event: RunEvent) => void) => Conversation,
): Decoder {
  const plain = createPlainLines(run.isForeign);
  const warned = new Set<string>();
  let events: RunEvent[] = [];
  let retriesTold = 0;
  let isSilent = true;

  function emit(event: RunEvent): void {
    if (event.kind === 'retrying' && ++retriesTold > MOST_RETRIES_TOLD) return;
    if (event.kind === 'warning') {
      if (warned.size >= MOST_WARNINGS || warned.has(event.text)) return;
      warned.add(event.text);
    }
    events.push(event);
  }

  const conversation = converse(emit);
  const stdout = createLineReader({ maxLineBytes: LINE_BYTES, onLine: take, onTooLong: (start) => plain.note(start) });
  const stderr = createLineReader({ maxLineBytes: LINE_BYTES, onLine: (line) => conversation.takeNoise?.(line) });

  function take(line: string): void {
    const message = parseRecord(line);
    if (message === undefined) return plain.note(line);
    isSilent = false;
    conversation.take(message);
  }

  function flush(): RunEvent[] {
    const flushed = events;
    events = [];
    return flushed;
  }

  return {
    push(chunk, stream) {
      emit({ kind: 'output', bytes: chunk.length });
      if (stream === 'stdout') stdout.push(chunk);
      else {
        conversation.takeSigns?.(plain.push(chunk));
        if (conversation.takeNoise !== undefined) stderr.push(chunk);
      }
      return flush();
    },
    idle() {
      conversation.takeSigns?.(plain.peek());
      return flush();
    },
    patience: () => conversation.patience(),
    decide: (request, permission, reason) => conversation.decide(request, permission, reason),
    end(exit) {
      stdout.end();
      stderr.end();
      plain.end();
      if (exit.kind === 'not-started') return { kind: 'failed', failure: 'config', evidence: toEvidence(exit.reason) };
      return conversation.outcome(exit) ?? settleUnsaid(exit, plain, isSilent);
    },
  };
}

/** How a run ended whose program did not say so: one that did not even begin to speak cannot work before a person changes something. */
function settleUnsaid(
  exit: Exclude<ProcessExit, { kind: 'not-started' }>,
  plain: PlainLines,
  isSilent: boolean,
): RunOutcome {
  const ending = exit.kind === 'signalled' ? `ended by ${exit.signal}` : `exit code ${exit.code}`;
  if (isSilent && exit.kind === 'exited') {
    const complaint = plain.newest().find((line) => /^error\b/i.test(line)) ?? plain.first();
    return { kind: 'failed', failure: 'config', evidence: complaint ?? plain.noise() ?? `${ending}, without a word` };
  }
  return { kind: 'failed', failure: 'crash', evidence: plain.newest().at(-1) ?? plain.noise() ?? ending };
}
