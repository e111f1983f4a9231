import type { Agent } from '../config/fleet.ts';
import type { ProcessExit } from '../ports.ts';
import { createAuthScanner } from './auth-scan.ts';
import type { AuthSign } from './auth-scan.ts';
import { appendBytes, createByteTail, keepNewest, readBytes } from './byte-tail.ts';
import { toEvidence } from './evidence.ts';
import type { Decoder, PreparedRun, RunEvent, RunInput, RunOutcome, Runtime } from './runtime.ts';

/** Exit codes by which a `command` agent tells what went wrong (sysexits' EX_TEMPFAIL and EX_NOPERM, and the shell's own two). */
const EXIT = { temporary: 75, auth: 77, notExecutable: 126, notFound: 127 } as const;

/** The end of each stream that is kept to find its last line in: a publisher's JSON answer fits many times over. */
const LAST_WORDS_BYTES = 8 * 1024;

/** The runtime of any program that is neither claude, codex nor gemini. */
export const commandRuntime: Runtime = { name: 'command', prepare };

function prepare(agent: Agent, run: RunInput): PreparedRun {
  const [program, ...args] = agent.command;
  if (program === undefined)
    throw new Error(`agent ${agent.name} has runtime command and no command: the configuration let it through`);
  return {
    spawn: { argv: [program, ...args], ...(run.stdin === undefined ? {} : { stdin: run.stdin }) },
    decoder: createCommandDecoder(run.isForeign),
  };
}

/**
 * Each vendor's first sign of a dead credential becomes an event, and no more, so that a flood of 401s costs a handful of them.
 * A run that showed one has failed by it, whatever its exit code says: agents take a 401 for a passing trouble, and exit 0.
 */
export function createCommandDecoder(isForeign: (evidence: string) => boolean = () => false): Decoder {
  const scanners = { stdout: createAuthScanner(), stderr: createAuthScanner() };
  const lastWords = { stdout: createLastWords(), stderr: createLastWords() };
  const told = new Set<string | undefined>();
  let firstSign: AuthSign | undefined;

  function note(seen: readonly AuthSign[]): AuthSign[] {
    const signs = seen.filter(({ evidence }) => !isForeign(evidence));
    firstSign ??= signs[0];
    return signs.filter(({ credentialHint }) => !told.has(credentialHint) && told.add(credentialHint));
  }

  return {
    push(chunk, stream) {
      lastWords[stream].push(chunk);
      const signs = note(scanners[stream].push(chunk));
      return [{ kind: 'output', bytes: chunk.length }, ...signs.map(toEvent)];
    },
    idle: () => note([...scanners.stdout.peek(), ...scanners.stderr.peek()]).map(toEvent),
    // What it waits for, nobody knows: only its timeout ends it.
    patience: () => undefined,
    decide: () => undefined,
    ask: () => undefined,
    end(exit) {
      note([...scanners.stdout.end(), ...scanners.stderr.end()]);
      return settle(exit, firstSign, { stdout: lastWords.stdout.lastLine(), stderr: lastWords.stderr.lastLine() });
    },
  };
}

function settle(
  exit: ProcessExit,
  sign: AuthSign | undefined,
  lastLine: { readonly stdout: string | undefined; readonly stderr: string | undefined },
): RunOutcome {
  if (exit.kind === 'not-started') return { kind: 'failed', failure: 'config', evidence: toEvidence(exit.reason) };
  if (sign !== undefined) {
    return { kind: 'failed', failure: 'auth', evidence: sign.evidence, ...toHint(sign) };
  }
  const ending = exit.kind === 'signalled' ? `ended by ${exit.signal}` : `exit code ${exit.code}`;
  const evidence = toEvidence(lastLine.stderr ?? lastLine.stdout ?? ending) || ending;
  if (exit.kind === 'signalled') return { kind: 'failed', failure: 'crash', evidence };
  switch (exit.code) {
    case 0:
      return lastLine.stdout === undefined ? { kind: 'done' } : { kind: 'done', lastLine: lastLine.stdout };
    case EXIT.auth:
      return { kind: 'failed', failure: 'auth', evidence };
    case EXIT.temporary:
      return { kind: 'failed', failure: 'overloaded', evidence };
    case EXIT.notExecutable:
    case EXIT.notFound:
      return { kind: 'failed', failure: 'config', evidence };
    default:
      return { kind: 'failed', failure: 'crash', evidence };
  }
}

function toEvent(sign: AuthSign): RunEvent {
  return { kind: 'auth-sign', evidence: sign.evidence, ...toHint(sign) };
}

function toHint({ credentialHint }: AuthSign): { credentialHint?: string } {
  return credentialHint === undefined ? {} : { credentialHint };
}

/** The end of one stream: at least LAST_WORDS_BYTES of it, and up to twice that, so that a short chunk costs no move. */
function createLastWords(): { push(chunk: Uint8Array): void; lastLine(): string | undefined } {
  const tail = createByteTail();
  return {
    push(chunk) {
      const newest = chunk.subarray(-LAST_WORDS_BYTES);
      if (tail.length + newest.length > 2 * LAST_WORDS_BYTES) keepNewest(tail, LAST_WORDS_BYTES);
      appendBytes(tail, newest);
    },
    lastLine: () =>
      readBytes(tail)
        .toString('utf8')
        .split(/[\r\n]+/)
        .findLast((line) => line.trim() !== '')
        ?.trim(),
  };
}
