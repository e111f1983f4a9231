import type { ProcessExit } from '../../ports.ts';
import type { AuthSign } from '../auth-scan.ts';
import { toEvidence } from '../evidence.ts';
import type { PlainLines } from '../plain-lines.ts';
import type { FailureClass, RunOutcome } from '../runtime.ts';
import { classifyEnding, classifyFirstLine, endingEvidence } from './claude-failures.ts';
import type { Ending } from './claude-failures.ts';

/** Exit codes of a program that a signal ended, as shells and Claude Code itself tell them (HUP, INT, KILL, TERM). */
const SIGNAL_CODES: readonly number[] = [129, 130, 137, 143];

/** The longest last line that is handed on: a publisher's answer fits many times over. */
const LAST_LINE_CHARACTERS = 8 * 1024;

/** What a `result` line said. */
export interface TurnResult {
  readonly isError: boolean;
  readonly ending: Ending;
}

/** What is known of a run when its program has ended. */
export interface RunFacts {
  /** The last result line. */
  readonly result: TurnResult | undefined;
  /** Whether a turn went on when the program ended, after that result. */
  readonly isTurnOpen: boolean;
  /** The error line of that turn. */
  readonly error: Ending | undefined;
  /** Whether it printed anything of its protocol. */
  readonly hasSpoken: boolean;
  readonly stderrSign: AuthSign | undefined;
  readonly plain: PlainLines;
  readonly retryAt: number | undefined;
}

/** How a run of Claude Code ended: by its last result, else by its last error, else by what it left on stderr and its exit. */
export function settleClaude(exit: ProcessExit, facts: RunFacts): RunOutcome {
  if (exit.kind === 'not-started') return { kind: 'failed', failure: 'config', evidence: toEvidence(exit.reason) };
  const { result } = facts;
  // A program that stays for its background tasks is ended by a signal: what it was asked for was done before.
  if (result !== undefined && (!facts.isTurnOpen || (!result.isError && isBySignal(exit)))) {
    return result.isError ? fail(result.ending, facts) : done(result.ending.text);
  }
  if (facts.error !== undefined) return fail(facts.error, facts);
  return settleWithoutResult(exit, facts);
}

function settleWithoutResult(exit: ProcessExit, { plain, stderrSign, hasSpoken }: RunFacts): RunOutcome {
  const ending = describeExit(exit);
  if (stderrSign !== undefined) {
    const { evidence, credentialHint } = stderrSign;
    return { kind: 'failed', failure: 'auth', evidence, ...(credentialHint === undefined ? {} : { credentialHint }) };
  }
  if (hasSpoken)
    return { kind: 'failed', failure: 'crash', evidence: plain.newest().at(-1) ?? plain.noise() ?? ending };
  // It never came as far as its protocol: a wrong option, a wrong setting, a wrong program.
  const first = plain.first() ?? plain.noise();
  if (first === undefined)
    return { kind: 'failed', failure: isBySignal(exit) ? 'crash' : 'config', evidence: `said nothing; ${ending}` };
  const failure = classifyFirstLine(first);
  if (failure === 'config' && isBySignal(exit)) return { kind: 'failed', failure: 'crash', evidence: first };
  return { kind: 'failed', failure, evidence: first, ...(failure === 'auth' ? { credentialHint: 'claude' } : {}) };
}

function fail(ending: Ending, { retryAt }: RunFacts): RunOutcome {
  const failure: FailureClass = classifyEnding(ending);
  return {
    kind: 'failed',
    failure,
    evidence: endingEvidence(ending),
    ...(failure === 'auth' ? { credentialHint: 'claude' } : {}),
    ...(failure === 'rate-limit' && retryAt !== undefined ? { retryAt } : {}),
  };
}

function done(text: string): RunOutcome {
  const lastLine = text
    .slice(-LAST_LINE_CHARACTERS)
    .split(/[\r\n]+/)
    .findLast((line) => line.trim() !== '')
    ?.trim();
  return lastLine === undefined ? { kind: 'done' } : { kind: 'done', lastLine };
}

function isBySignal(exit: ProcessExit): boolean {
  return exit.kind === 'signalled' || (exit.kind === 'exited' && SIGNAL_CODES.includes(exit.code));
}

function describeExit(exit: ProcessExit): string {
  switch (exit.kind) {
    case 'not-started':
      return exit.reason;
    case 'signalled':
      return `ended by ${exit.signal}`;
    case 'exited':
      return `exit code ${exit.code} without a result`;
  }
}
