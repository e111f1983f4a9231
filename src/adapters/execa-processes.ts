import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { Log, ProcessExit, ProcessIdentity, Processes, RunningProcess, SpawnRequest } from '../ports.ts';
import { createProcTable } from './proc-table.ts';
import { sendSignal } from './process-signals.ts';
import { createSweep } from './process-sweep.ts';
import type { ProcessTable } from './process-table.ts';
import { createTerminalStarter } from './pty-process.ts';
import { createPsTable } from './ps-table.ts';
import { explainFailure, explainUnstartable } from './start-checks.ts';

/**
 * How long after the program's end its pipes may stay silent before we let go of them. What the program itself wrote is in the
 * kernel's buffer when it ends, so one pass of the event loop reads it; the rest is patience for children that are ending, too.
 */
const QUIET_MS = 50;

/** A stray that keeps writing to the program's pipes must not keep the run open: after this long we stop listening. */
const LINGER_MS = 1000;

/** What a program may leave unread on its stdin: thousands of answers, so whoever leaves more has stopped reading. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** For how many ended programs we remember that their group lived on; a run is swept right after its end. */
const MAX_OUTLIVED = 1000;

type OnOutput = Parameters<Processes['spawn']>[1];

/** Builds the Processes port on execa; `log` learns of a stdin that was given up. */
export function createProcesses(log?: Pick<Log, 'warn'>): Processes {
  const table = createProcTable() ?? createPsTable();
  const outlived = new Map<number, string>();
  const onEnd = ({ pid, startTicks }: ProcessIdentity) => {
    if (!sendSignal(-pid, 0)) return;
    outlived.set(pid, startTicks);
    for (const [oldest] of outlived) if (outlived.size > MAX_OUTLIVED) outlived.delete(oldest);
  };
  const sweep = createSweep(table, ({ pid, startTicks }) => outlived.get(pid) === startTicks);
  const startOnTerminal = createTerminalStarter({ table, onEnd });
  return {
    spawn: (request, onOutput) =>
      request.terminal === undefined
        ? start(request, onOutput, { table, log, onEnd })
        : startOnTerminal({ ...request, terminal: request.terminal }, onOutput),
    async sweep(whom) {
      const report = await sweep(whom);
      // From now on the number may be given to somebody else.
      if (whom.identity !== undefined) outlived.delete(whom.identity.pid);
      return report;
    },
  };
}

interface Surroundings {
  readonly table: ProcessTable;
  readonly log: Pick<Log, 'warn'> | undefined;
  /** Called at once when the program itself has ended. */
  onEnd(identity: ProcessIdentity): void;
}

function start(request: SpawnRequest, onOutput: OnOutput, { table, log, onEnd }: Surroundings): RunningProcess {
  const { through } = request;
  const unstartable = through === undefined ? undefined : explainUnstartable(request);
  if (unstartable !== undefined) return notStarted(Promise.resolve(unstartable));
  const explain = (error: unknown) => explainFailure(error, request);
  const child = tryExeca(request);
  if (child instanceof Error) return notStarted(Promise.resolve(explain(child)));
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined) return notStarted(child.then((result) => explain(result.cause ?? result)));

  const identity: ProcessIdentity = {
    pid,
    startTicks: table.rowsOf([pid])[0]?.startTicks ?? '',
    bootId: table.bootId,
  };
  const input = createInput(stdin, () =>
    log?.warn('a program reads no more: its stdin was closed', { program: request.argv[0], pid }),
  );
  if (request.keepsInputOpen === true) input.write(request.stdin ?? '');
  else stdin?.end(request.stdin);
  let readings = 0;
  function listen(source: Readable, stream: 'stdout' | 'stderr'): Readable {
    // Handed on within the read itself, so the program is paced by whoever consumes it and nothing queues up here.
    return source.on('data', (chunk: Uint8Array) => {
      readings += 1;
      onOutput(chunk, stream);
      free(chunk);
    });
  }
  const pipes = [listen(stdout, 'stdout'), listen(stderr, 'stderr')];

  // `exit`, not `close`: `close` does not come while a grandchild holds stdout open.
  const exit = new Promise<ProcessExit>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      onEnd(identity);
      void drain(pipes, () => readings).then(() => {
        stdin?.destroy();
        resolve(toExit(code, signal, through !== undefined));
      });
    });
  });
  return {
    identity,
    exit,
    signal: (signal) => signalProgram(identity, signal, through?.termTo ?? 'group', table),
    write: input.write,
    closeInput: input.close,
  };
}

/**
 * Gives the memory of output back at once. Each reading comes in memory of its own, outside V8's heap; left to the collector, a flood
 * makes it collect everything every few megabytes, which costs more than all that is done with the output.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function tryExeca(request: SpawnRequest) {
  const [program, ...args] = [...(request.through?.argv ?? []), ...request.argv] as [string, ...string[]];
  try {
    return execa(program, args, {
      cwd: request.cwd,
      env: request.env,
      extendEnv: false,
      stdin: request.stdin === undefined && request.keepsInputOpen !== true ? 'ignore' : 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      encoding: 'buffer',
      buffer: false,
      reject: false,
      detached: true,
      cleanup: false,
    });
  } catch (error) {
    // Arguments that no program can be given, such as a NUL byte.
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A program need not read its stdin: an EPIPE there is its choice, not our failure; and what it leaves unread has a limit. */
function createInput(stdin: Writable | null, onGivenUp: () => void): { write(text: string): void; close(): void } {
  stdin?.on('error', () => undefined);
  return {
    write(text) {
      if (stdin === null || !stdin.writable || text === '') return;
      stdin.write(text);
      if (stdin.writableLength <= MAX_UNREAD_BYTES) return;
      stdin.destroy();
      onGivenUp();
    },
    close: () => {
      if (stdin?.writable === true) stdin.end();
    },
  };
}

/**
 * Waits until both pipes have ended, or nothing came for QUIET_MS, or LINGER_MS are over; then lets go of them.
 * Silence is judged after one more pass of the event loop: a timer that fires late, on a busy machine, comes before the pending reads.
 */
async function drain(pipes: readonly Readable[], readings: () => number): Promise<void> {
  const deadline = performance.now() + LINGER_MS;
  const open = pipes.filter((pipe) => !pipe.closed);
  const ended = Promise.all(open.map((pipe) => new Promise((resolve) => pipe.once('close', resolve))));
  while (pipes.some((pipe) => !pipe.closed) && performance.now() < deadline) {
    const before = readings();
    await Promise.race([ended, delay(QUIET_MS)]);
    await new Promise((resolve) => setImmediate(resolve));
    if (readings() === before) break;
  }
  for (const pipe of pipes) pipe.destroy();
}

/** A wrapper tells of a signal that ended the program as a shell does: 128 and its number. */
function toExit(code: number | null, signal: string | null, isWrapped: boolean): ProcessExit {
  if (signal !== null) return { kind: 'signalled', signal };
  const told = isWrapped && code !== null && code > 128 ? nameOf(code - 128) : undefined;
  return told === undefined ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal: told };
}

function nameOf(signal: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
}

function signalProgram(
  { pid, startTicks }: ProcessIdentity,
  signal: 'SIGTERM' | 'SIGKILL',
  termTo: 'group' | 'child-group',
  table: ProcessTable,
): void {
  const [row] = table.rowsOf([pid]);
  // The kernel keeps a pid reserved while it names a group, so another process under it means that the group is gone.
  if (row !== undefined && row.startTicks !== startTicks) return;
  const inner = termTo === 'child-group' && row !== undefined ? innerGroup(pid, table) : undefined;
  if (inner !== undefined) sendSignal(-inner, signal);
  if (inner === undefined || signal === 'SIGKILL') sendSignal(-pid, signal);
}

/** The group that the wrapper's child leads; undefined as long as that has not started the program. */
function innerGroup(wrapper: number, table: ProcessTable): number | undefined {
  const [child] = table.rowsOf(table.childrenOf(wrapper));
  return child?.pid === child?.group && child !== undefined && table.childrenOf(child.pid).length > 0
    ? child.pid
    : undefined;
}

function notStarted(reason: Promise<string>): RunningProcess {
  return {
    identity: undefined,
    exit: reason.then((text): ProcessExit => ({ kind: 'not-started', reason: text })),
    signal: () => undefined,
    write: () => undefined,
    closeInput: () => undefined,
  };
}
