import type { Clock, ProcessExit, ProcessIdentity, Processes, RunningProcess, SpawnRequest } from './ports.ts';

/** How a program went that was run to its end. */
export interface ProgramResult {
  /** The end of what it printed on both streams, in the order in which it was read. */
  readonly output: string;
  /** The end of each stream by itself. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: ProcessExit;
  /** Its time was over, and it was killed. */
  readonly timedOut: boolean;
}

/** Runs programs of the owner's, such as checks and rotations: each to its end, within a limit, and with nobody left behind of its group. */
export interface ProgramRunner {
  /** Never rejects. `onStarted` hears who it is, as soon as it is. */
  run(request: SpawnRequest, limitMs: number, onStarted?: (identity: ProcessIdentity) => void): Promise<ProgramResult>;
  /** KILL for all that runs now. */
  kill(): void;
}

/** What is kept of each stream: what such a program has to say stands in its last lines, and a secret in one of 16 Ki characters at most. */
const KEPT_CHARS = 64 * 1024;

/** Builds a runner; what it starts is killed by its own `kill` only. */
export function createProgramRunner(processes: Pick<Processes, 'spawn'>, clock: Clock): ProgramRunner {
  const running = new Set<RunningProcess>();
  return {
    async run(request, limitMs, onStarted) {
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      const ends = { output: createTextEnd(), stdout: createTextEnd(), stderr: createTextEnd() };
      let timedOut = false;
      const process = processes.spawn(request, (chunk, stream) => {
        const text = decoders[stream].decode(chunk, { stream: true });
        ends.output.append(text);
        ends[stream].append(text);
      });
      running.add(process);
      if (process.identity !== undefined) onStarted?.(process.identity);
      const cancel = clock.after(limitMs, () => {
        timedOut = true;
        process.signal('SIGKILL');
      });
      const exit = await process.exit;
      cancel();
      // What it left behind in its group goes, too.
      process.signal('SIGKILL');
      running.delete(process);
      return {
        output: ends.output.text(),
        stdout: ends.stdout.text(),
        stderr: ends.stderr.text(),
        exit,
        timedOut,
      };
    },
    kill() {
      for (const process of running) process.signal('SIGKILL');
    },
  };
}

/** How a program ended, in words that go on from what it is about. */
export function explainExit(exit: ProcessExit): string {
  switch (exit.kind) {
    case 'exited':
      return `exit ${exit.code}`;
    case 'signalled':
      return `it was ended by ${exit.signal}`;
    case 'not-started':
      return exit.reason;
  }
}

/** Keeps the end of a text in whole lines: the rest of one that was cut might be half a secret, which nothing would find any more. */
function createTextEnd() {
  let kept = '';
  let isCut = false;
  return {
    append(text: string): void {
      kept += text;
      if (kept.length <= KEPT_CHARS) return;
      kept = kept.slice(-KEPT_CHARS);
      isCut = true;
    },
    text(): string {
      if (!isCut) return kept;
      const newline = kept.indexOf('\n');
      return newline === -1 ? '' : kept.slice(newline + 1);
    },
  };
}
