import type { RunRow, RunUsage } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';
import type { Clock, Processes, RunningProcess, SpawnRequest } from '../ports.ts';
import type { Decoder, Permission, RunEvent } from '../runtimes/runtime.ts';
import { createSignReader, type SignReader } from './signs.ts';
import type { Spool } from './spool.ts';

/** How long a program has between TERM and KILL. */
const GRACE_MS = 5_000;
/** A pause in the output after which an unfinished line counts as said. */
const IDLE_MS = 300;
/** How long a CLI may stay after its work is done; it stays for background tasks, without end (facts: agent-clis 8). */
const LINGER_MS = 10_000;
/** What is kept of a publisher's stdout to find its last line. */
const LAST_LINE_CHARS = 16 * 1024;

/** One program that runs. */
export interface Execution {
  readonly run: RunRow;
  readonly agent: Agent;
  readonly process: RunningProcess;
  readonly decoder: Decoder;
  readonly spool: Spool;
  readonly outputBytes: number;
  readonly outputAt: number;
  /** What its output says of its being alive. */
  readonly signs: SignReader;
  /** The end of its stdout; of a publication only. */
  readonly lastStdout: string;
  /** True once it was asked to stop. */
  readonly isStopping: boolean;
  /** Why it was taken for stuck, in words. */
  readonly silence: string | undefined;
  /** What it has used, as far as it told. */
  readonly usage: RunUsage;
  /** TERM now, KILL after the grace. */
  stop(): void;
  /** KILL once the grace is over, without a TERM: a publisher may finish by itself. */
  limit(): void;
  /** Tells the CLI what its owner said to a request; one that has no use for it any more is told nothing. */
  answer(request: string, permission: Permission, reason: string): void;
  /** Has its agent read a text in the middle of its work; false where nobody would read it. */
  ask(text: string): boolean;
  /** The clock was set back: nothing was said later than now. */
  noLaterThan(now: number): void;
  /** Writes down that its work is done: its stdin is closed, and it has a moment to go. */
  finish(): void;
  /** Takes note of what it used. */
  count(usage: Partial<RunUsage>): void;
  /** Ends all that waits for it. */
  close(): void;
}

/** What an execution is made of. */
export interface ExecutionOptions {
  readonly run: RunRow;
  readonly agent: Agent;
  readonly request: SpawnRequest;
  readonly decoder: Decoder;
  readonly spool: Spool;
  readonly processes: Processes;
  readonly clock: Clock;
  /** Everything that comes from the program passes through it: it keeps what goes wrong there from ending the process. */
  readonly guard: (work: () => unknown) => void;
  readonly onEvent: (execution: Execution, event: RunEvent) => void;
  /** Its output has grown. */
  readonly onOutput: (execution: Execution) => void;
  /** It has to be stopped, and why: `timeout`, `stuck`, or because it stays after its work. */
  readonly onLate: (execution: Execution, why: 'timeout' | 'stuck' | 'lingers') => void;
}

/** Starts a program, and reads what it says. */
export function startExecution(options: ExecutionOptions): Execution {
  const { run, agent, decoder, spool, clock, guard } = options;
  const text = new TextDecoder();
  const signs = createSignReader(clock);
  let outputBytes = 0;
  let outputAt = 0;
  /** Silence is measured by the clock that never jumps: an agent is not silent while its machine sleeps. */
  let heardAtMs = clock.monotonic();
  let lastStdout = '';
  let stopping = false;
  let silence: string | undefined;
  let usage: RunUsage = {
    inputTokens: null,
    outputTokens: null,
    costMicroUsd: null,
    contextTokens: null,
    contextLimit: null,
  };
  let isIdleAwaited = false;
  let isOver = false;
  let cancelKill = (): void => {};
  let cancelLinger = (): void => {};
  let patienceEndsAt: number | undefined;
  let cancelPatience = (): void => {};

  const process = options.processes.spawn(options.request, (chunk, stream) => guard(() => take(chunk, stream)));
  const cancelTimeout = clock.after(agent.timeoutMs, () => guard(() => options.onLate(execution, 'timeout')));

  function take(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void {
    outputBytes += chunk.length;
    outputAt = clock.now();
    heardAtMs = clock.monotonic();
    awaitIdle();
    const events = decoder.push(chunk, stream);
    spool.append(chunk, stream);
    if (run.publicationId !== null && stream === 'stdout')
      lastStdout = (lastStdout + text.decode(chunk, { stream: true })).slice(-LAST_LINE_CHARS);
    // Only what is watched is read: nothing else asks for the lines of a program that is no known CLI.
    if (agent.runtime === 'command' && agent.progressMs !== undefined) signs.takeOutput(chunk);
    for (const event of events) tell(event);
    watchPatience();
    options.onOutput(execution);
  }

  function tell(event: RunEvent): void {
    signs.take(event);
    options.onEvent(execution, event);
  }

  /** Once nothing came for a moment, an unfinished line is looked at, too: a program may print its 401 without a newline, and hang. */
  function awaitIdle(): void {
    if (isIdleAwaited) return;
    isIdleAwaited = true;
    clock.after(IDLE_MS, () => {
      isIdleAwaited = false;
      if (isOver) return;
      if (clock.monotonic() - heardAtMs < IDLE_MS) return awaitIdle();
      guard(() => {
        for (const event of decoder.idle()) tell(event);
      });
    });
  }

  /**
   * Silence is judged by what the program waits for: its decoder knows. One timer at a time: what puts the end off is found out when it
   * fires, since output comes far more often.
   */
  function watchPatience(): void {
    if (isOver || stopping) return;
    const patience = decoder.patience();
    if (patience === undefined) return;
    const endsAt = heardAtMs + patience.forMs;
    if (patienceEndsAt !== undefined && patienceEndsAt <= endsAt) return;
    cancelPatience();
    patienceEndsAt = endsAt;
    cancelPatience = clock.after(Math.max(0, endsAt - clock.monotonic()), () => {
      patienceEndsAt = undefined;
      if (!isOver && !stopping) guard(judgeSilence);
    });
  }

  function judgeSilence(): void {
    const patience = decoder.patience();
    const silentMs = clock.monotonic() - heardAtMs;
    if (patience === undefined || silentMs < patience.forMs) return watchPatience();
    silence = `it said nothing for ${Math.round(silentMs / 1_000)} s ${patience.during}`;
    options.onLate(execution, 'stuck');
  }

  const execution: Execution = {
    run,
    agent,
    process,
    decoder,
    spool,
    signs,
    get outputBytes() {
      return outputBytes;
    },
    get outputAt() {
      return outputAt;
    },
    get lastStdout() {
      return lastStdout;
    },
    get isStopping() {
      return stopping;
    },
    get silence() {
      return silence;
    },
    get usage() {
      return usage;
    },
    stop() {
      if (stopping) return;
      stopping = true;
      process.signal('SIGTERM');
      cancelKill = clock.after(GRACE_MS, () => process.signal('SIGKILL'));
    },
    limit() {
      cancelKill = clock.after(GRACE_MS, () => process.signal('SIGKILL'));
    },
    answer(request, permission, reason) {
      const words = decoder.decide(request, permission, reason);
      if (words !== undefined) process.write(words);
      watchPatience();
    },
    ask(text) {
      const words = decoder.ask(text);
      if (words !== undefined) process.write(words);
      return words !== undefined;
    },
    noLaterThan(now) {
      outputAt = Math.min(outputAt, now);
      signs.noLaterThan(now);
    },
    finish() {
      process.closeInput();
      cancelLinger();
      cancelLinger = clock.after(LINGER_MS, () => guard(() => options.onLate(execution, 'lingers')));
    },
    count: (used) => void (usage = { ...usage, ...used }),
    close() {
      isOver = true;
      cancelTimeout();
      cancelKill();
      cancelLinger();
      cancelPatience();
    },
  };
  watchPatience();
  return execution;
}
