import type { ProcessExit } from '../ports.ts';
import { toEvidence } from './evidence.ts';
import type { JsonRecord } from './json-fields.ts';
import { parseRecord } from './json-fields.ts';
import { createLineReader, LINE_BYTES } from './line-reader.ts';
import { createPlainLines } from './plain-lines.ts';
import type { PlainLines } from './plain-lines.ts';
import type { Decoder, FailureClass, Patience, RunEvent, RunInput, RunOutcome } from './runtime.ts';

/** How often one run may tell something of a kind: a CLI that waits for the network tries for ever, and more of it tells nobody more. */
const MOST_TOLD: Partial<Record<RunEvent['kind'], number>> = {
  session: 1,
  retrying: 100,
  warning: 20,
  compacted: 100,
};

/** What a protocol of one JSON object a line makes of a run. */
export interface Conversation {
  /** Takes one object of stdout. */
  take(message: JsonRecord): void;
  /** Takes one line of stderr. */
  takeNoise?(line: string): void;
  patience(): Patience | undefined;
  decide: Decoder['decide'];
  /** As of a decoder; without it nobody reads anything while the agent works. */
  ask?: Decoder['ask'];
  /** How the run ended by what the protocol said; undefined when it said nothing of an end. */
  outcome(exit: ProcessExit): RunOutcome | undefined;
  /** What an exit code means by itself, of a program that said nothing. */
  classifyExit?(code: number): FailureClass | undefined;
}

/** Builds the decoder of a CLI that speaks in lines of JSON: `converse` gets where to put its events. */
export function createLineDecoder(
  run: Pick<RunInput, 'isForeign'>,
  converse: (emit: (event: RunEvent) => void) => Conversation,
): Decoder {
  const plain = createPlainLines(run.isForeign);
  const warned = new Set<string>();
  let events: RunEvent[] = [];
  const told = new Map<RunEvent['kind'], number>();
  let isSilent = true;

  function emit(event: RunEvent): void {
    if (event.kind === 'warning') {
      if (warned.has(event.text)) return;
      if (warned.size < (MOST_TOLD.warning ?? 0)) warned.add(event.text);
    }
    const most = MOST_TOLD[event.kind];
    if (most !== undefined) {
      const count = (told.get(event.kind) ?? 0) + 1;
      if (count > most) return;
      told.set(event.kind, count);
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
        // Its signs are left alone: stderr quotes the agent's own tools, and the protocol tells of the model's credential.
        plain.push(chunk);
        if (conversation.takeNoise !== undefined) stderr.push(chunk);
      }
      return flush();
    },
    idle: flush,
    patience: () => conversation.patience(),
    decide: (request, permission, reason) => conversation.decide(request, permission, reason),
    ask: (text) => conversation.ask?.(text),
    end(exit) {
      stdout.end();
      stderr.end();
      plain.end();
      if (exit.kind === 'not-started') return { kind: 'failed', failure: 'config', evidence: toEvidence(exit.reason) };
      return conversation.outcome(exit) ?? settleUnsaid(exit, plain, isSilent, conversation);
    },
  };
}

/** How a run ended whose program did not say so: one that did not even begin to speak cannot work before a person changes something. */
function settleUnsaid(
  exit: Exclude<ProcessExit, { kind: 'not-started' }>,
  plain: PlainLines,
  isSilent: boolean,
  conversation: Conversation,
): RunOutcome {
  const ending = exit.kind === 'signalled' ? `ended by ${exit.signal}` : `exit code ${exit.code}`;
  if (isSilent && exit.kind === 'exited') {
    const complaint = plain.newest().find((line) => /^error\b/i.test(line)) ?? plain.first();
    const failure = conversation.classifyExit?.(exit.code) ?? 'config';
    return { kind: 'failed', failure, evidence: complaint || plain.noise() || `${ending}, without a word` };
  }
  return { kind: 'failed', failure: 'crash', evidence: plain.newest().at(-1) || plain.noise() || ending };
}
