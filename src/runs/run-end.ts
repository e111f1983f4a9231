import type { RunEnd } from '../../storage/run-store.ts';
import type { ProcessExit } from '../ports.ts';
import type { RunOutcome } from '../runtimes/runtime.ts';
import type { PublicationEnd } from './settlement.ts';

/** A program that ended, with what its runtime made of it. */
export interface EndedProgram {
  readonly exit: ProcessExit;
  readonly outcome: RunOutcome;
  /** True: it published a draft. */
  readonly isPublication: boolean;
  readonly timeoutMs: number;
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
  if (stopReason !== null) return { state: 'stopped', ...well };
  return outcome.kind === 'failed' ? failed(outcome.failure, outcome.evidence) : { state: 'done', ...well };
}

/** What the desk has to know of a publisher's end; one that we ended before it was done may have published, whatever code it chose. */
export function decidePublicationEnd(program: EndedProgram, stdout: string, wasStopped: boolean): PublicationEnd {
  const { exit, outcome, scrub } = program;
  const isCutOff = wasStopped && exit.kind === 'exited' && exit.code !== 0;
  return {
    exit: isCutOff ? { kind: 'signalled', signal: 'SIGTERM' } : exit,
    lastLine: scrub(stdout.trimEnd().split('\n').at(-1)?.trim() ?? ''),
    evidence: outcome.kind === 'failed' ? scrub(outcome.evidence) : null,
  };
}

/** Whether a line stands in a publication's own text, as it was given or as the JSON spelled it; `input` is that JSON, or empty. */
export function isQuoted(evidence: string, input: string): boolean {
  const line = evidence.trim();
  if (input === '' || line === '') return false;
  const { body, context } = JSON.parse(input) as { body: string; context: string | null };
  const isPart = [input, body, context ?? ''].some((text) => text.includes(line));
  return isPart || line.includes(input.trim().slice(0, 120));
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
