import type { RunEnd } from '../../storage/run-store.ts';
import type { ProcessExit } from '../ports.ts';
import { createAuthScanner } from '../runtimes/auth-scan.ts';
import { plainText } from '../runtimes/evidence.ts';
import { fingerprintOf } from '../runtimes/failure-words.ts';
import type { RunOutcome } from '../runtimes/runtime.ts';
import type { PublicationEnd } from './settlement.ts';

/** A program that ended, with what its runtime made of it. */
export interface EndedProgram {
  readonly exit: ProcessExit;
  readonly outcome: RunOutcome;
  /** True: it published a draft. */
  readonly isPublication: boolean;
  readonly timeoutMs: number;
  /** Why it was taken for stuck, or what it had spent; only with the stop reasons `stuck` and `budget`. */
  readonly silence: string | undefined;
  readonly scrub: (text: string) => string;
}

/**
 * Decides how a run ended, from its program's end and from why it was asked to stop, if it was. A refusal counts before the reason of a
 * stop, since the stop may have followed from it.
 */
export function decideRunEnd(program: EndedProgram, stopReason: string | null, endedAt: number): RunEnd {
  const { exit, outcome } = program;
  const ended = { exit: describeExit(exit), endedAt };
  const well = { failure: null, evidence: null, ...ended };
  const failed = (failure: string, evidence: string): RunEnd => ({
    state: 'failed',
    failure,
    evidence: program.scrub(evidence),
    ...ended,
  });
  if (outcome.kind === 'failed' && outcome.failure === 'auth') {
    // Exit 0 of a publisher means published, whatever it printed on the way (CONTRACT, "A publisher").
    const isPublished = program.isPublication && exit.kind === 'exited' && exit.code === 0;
    return isPublished ? { state: 'done', ...well } : failed('auth', outcome.evidence);
  }
  if (stopReason === 'auth') return failed('auth', 'stopped after a sign of a dead credential');
  if (stopReason === 'timeout')
    return failed('timeout', `it ran longer than its timeout of ${program.timeoutMs / 1_000} s`);
  if (stopReason === 'stuck') return failed('stuck', program.silence ?? 'it said nothing for too long');
  if (stopReason === MONEY_SPENT) {
    // It had ended by itself before it could be stopped: its work is done, and paid for.
    const isDone = outcome.kind === 'done' && exit.kind === 'exited' && exit.code === 0;
    return isDone ? { state: 'done', ...well } : failed('budget', program.silence ?? 'it reached what it may spend');
  }
  // A CLI that stays after its work is done, for a background task, has done its work.
  if (stopReason !== null && stopReason !== FINISHED) return { state: 'stopped', ...well };
  if (outcome.kind === 'done') return { state: 'done', ...well };
  const end = failed(outcome.failure, outcome.evidence);
  return {
    ...end,
    retryAt: outcome.retryAt ?? null,
    fingerprint: isWordless(outcome) ? null : fingerprintOf(end.evidence ?? ''),
  };
}

/** Why a program is asked to stop that has finished its work and stays. */
export const FINISHED = 'finished';

/** Why a program is asked to stop that has reached what it may spend. */
export const MONEY_SPENT = 'budget';

/** Only failures that no rule knows are compared with each other, and only by words: that a program ended with code 1 says nothing. */
function isWordless({ failure, evidence }: RunOutcome & { kind: 'failed' }): boolean {
  return (failure !== 'unknown' && failure !== 'crash') || /^(?:ended by \w+|exit code \d+)$/.test(evidence);
}

/** What the desk has to know of a publisher's end; one that we ended before it was done may have published, whatever code it chose. */
export function decidePublicationEnd(
  program: Pick<EndedProgram, 'exit' | 'outcome' | 'scrub'>,
  stdout: string,
  wasStopped: boolean,
): PublicationEnd {
  const { exit, outcome, scrub } = program;
  const isCutOff = wasStopped && exit.kind === 'exited' && exit.code !== 0;
  return {
    exit: isCutOff ? { kind: 'signalled', signal: 'SIGTERM' } : exit,
    lastLine: scrub(stdout.trimEnd().split('\n').at(-1)?.trim() ?? ''),
    evidence: outcome.kind === 'failed' ? scrub(outcome.evidence) : null,
  };
}

/**
 * Tells of what a publisher printed whether it is quoted from its publication (`input`, the JSON on its stdin): as it was given, as the
 * JSON spelled it, or behind words of the publisher's own. Both sides are compared as a person sees them.
 */
export function createQuoteCheck(input: string): (evidence: string) => boolean {
  let known: { readonly wholes: readonly string[]; readonly signs: readonly string[] } | undefined;

  /** A draft may be a megabyte, and nearly no publisher shows any sign: it is read at the first one. */
  function read(): NonNullable<typeof known> {
    const { body, context } = JSON.parse(input) as { body: string; context: string | null };
    const texts = [input, body, context ?? ''];
    return { wholes: texts.map(plainText), signs: texts.flatMap(signsIn) };
  }

  return (evidence) => {
    known ??= read();
    return (
      known.wholes.some((whole) => whole.includes(evidence)) || known.signs.some((sign) => evidence.includes(sign))
    );
  };
}

function signsIn(text: string): string[] {
  const scanner = createAuthScanner();
  return [...scanner.push(Buffer.from(text)), ...scanner.end()].map((sign) => sign.evidence);
}

/** How a program ended, in a word or two. */
export function describeExit(exit: ProcessExit): string {
  switch (exit.kind) {
    case 'exited':
      return `exit ${exit.code}`;
    case 'signalled':
      return exit.signal;
    case 'not-started':
      return 'not started';
  }
}
