import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { ProcessExit, ProcessIdentity, Processes, RunningProcess, SpawnRequest } from '../ports.ts';
import { createProcessTable } from './proc-table.ts';
import type { ProcessTable } from './proc-table.ts';

/**
 * How long after the program's end its pipes may stay silent before we let go of them. What the program itself wrote is in the
 * kernel's buffer when it ends, so one pass of the event loop reads it; the rest is patience for children that are ending, too.
 */
const QUIET_MS = 50;

/** A stray that keeps writing to the program's pipes must not keep the run open: after this long we stop listening. */
const LINGER_MS = 1000;

/** A killed group is gone within milliseconds; one that is not within this time hangs in the kernel. */
const KILL_DEADLINE_MS = 2000;
const KILL_POLL_MS = 25;

type OnOutput = Parameters<Processes['spawn']>[1];

/** Builds the Processes port on execa; leftovers can be proven and killed on Linux only, elsewhere they are only reported. */
export function createProcesses(): Processes {
  const table = createProcessTable();
  return {
    spawn: (request, onOutput) => start(request, onOutput, table),
    killLeftover: (identity, mark) => killLeftover(identity, mark, table),
  };
}

function start(request: SpawnRequest, onOutput: OnOutput, table: ProcessTable): RunningProcess {
  const child = tryExeca(request);
  if (child instanceof Error) return notStarted(Promise.resolve(child), request);
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined)
    return notStarted(
      child.then((result) => result.cause ?? result),
      request,
    );

  const identity: ProcessIdentity = { pid, startTicks: table.startTicks(pid), bootId: table.bootId };
  // The program need not read its stdin: an EPIPE there is its choice, not our failure.
  stdin?.on('error', () => undefined).end(request.stdin);
  let readings = 0;
  function listen(source: Readable, stream: 'stdout' | 'stderr'): Readable {
    // Handed on within the read itself, so the program is paced by whoever consumes it and nothing queues up here.
    return source.on('data', (chunk: Uint8Array) => {
      readings += 1;
      onOutput(chunk, stream);
    });
  }
  const pipes = [listen(stdout, 'stdout'), listen(stderr, 'stderr')];

  // `exit`, not `close`: `close` does not come while a grandchild holds stdout open.
  const exit = new Promise<ProcessExit>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      const end: ProcessExit = signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal };
      void drain(pipes, () => readings).then(() => {
        stdin?.destroy();
        resolve(end);
      });
    });
  });
  return { identity, exit, signal: (signal) => signalGroup(identity, signal, table) };
}

function tryExeca(request: SpawnRequest) {
  const [program, ...args] = request.argv;
  try {
    return execa(program, args, {
      cwd: request.cwd,
      env: request.env,
      extendEnv: false,
      stdin: request.stdin === undefined ? 'ignore' : 'pipe',
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

/** The kernel keeps a pid reserved while it names a group, so another process under it means that the group is gone. */
function signalGroup(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL', table: ProcessTable): void {
  const ticks = table.startTicks(identity.pid);
  if (ticks !== '' && ticks !== identity.startTicks) return;
  sendToGroup(identity.pid, signal);
}

/** False when there is no such group. */
function sendToGroup(group: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true; // It lives, as somebody else.
    throw error;
  }
}

async function killLeftover(
  identity: ProcessIdentity,
  mark: string | undefined,
  table: ProcessTable,
): Promise<'gone' | 'killed' | 'survived'> {
  if (table.bootId === '') return sendToGroup(identity.pid, 0) ? 'survived' : 'gone';
  if (identity.bootId !== table.bootId || !isOurs(identity, mark, table)) return 'gone';
  if (table.groupMembers(identity.pid).length === 0) return 'gone';
  const deadline = performance.now() + KILL_DEADLINE_MS;
  do {
    // Again on each pass: a member may have been forking while the first signal was on its way.
    sendToGroup(identity.pid, 'SIGKILL');
    await delay(KILL_POLL_MS);
    if (table.groupMembers(identity.pid).length === 0) return 'killed';
  } while (performance.now() < deadline);
  return 'survived';
}

/** A leader proves its group by its start time; a group without its leader is ours only by the mark on one of its members. */
function isOurs(identity: ProcessIdentity, mark: string | undefined, table: ProcessTable): boolean {
  const ticks = table.startTicks(identity.pid);
  if (ticks !== '') return ticks === identity.startTicks;
  return mark !== undefined && table.groupMembers(identity.pid).some((pid) => table.carries(pid, mark));
}

function notStarted(error: Promise<unknown>, request: SpawnRequest): RunningProcess {
  const exit = error.then((cause): ProcessExit => ({ kind: 'not-started', reason: explain(cause, request) }));
  return { identity: undefined, exit, signal: () => undefined };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // Missing, or in a folder that we may not enter.
  }
}

/** Why a program could not be started, as one sentence with what to do about it. */
function explain(error: unknown, { argv: [program], cwd }: SpawnRequest): string {
  // execve reports a missing working directory as ENOENT, too: look at it first.
  if (!isFolder(cwd))
    return `the working directory ${cwd} does not exist or cannot be entered: create it, or correct \`workdir\``;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return program.includes('/')
        ? `${program} does not exist, or the interpreter in its first line does not: correct the path, or install it`
        : `${program} was not found on the PATH: install it, or give its full path`;
    case 'EACCES':
      return `${program} may not be executed: make it executable (chmod +x), and see that its folder can be entered`;
    case 'ENOEXEC':
      return `${program} is not a program of this system: give a script its first line (#!/bin/sh), or install the build for this machine`;
    case 'E2BIG':
      return `the arguments and environment of ${program} are too long: pass large texts on stdin or in files`;
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return `this machine has no room for another process (${code}): stop something, or raise its limits`;
    default:
      return `${program} could not be started: ${code ?? message}`;
  }
}
