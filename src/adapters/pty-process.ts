import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { IPty } from '@lydell/node-pty';
import type { ProcessExit, ProcessIdentity, Processes, RunningProcess, SpawnRequest } from '../ports.ts';
import { sendSignal } from './process-signals.ts';
import type { ProcessTable } from './process-table.ts';
import { explainUnstartable } from './start-checks.ts';

/** What may wait to be read by a program, in bytes: a person types a code or two, so whoever leaves more has stopped reading. */
const MOST_UNREAD_BYTES = 16 * 1024;
/** How long until a terminal that takes no more is asked again. */
const FULL_MS = 20;

/** What every program knows how to draw on. */
const TERMINAL_NAME = 'xterm-256color';

/** The part of the PTY package that is used. */
interface PtyLibrary {
  spawn(
    file: string,
    args: string[],
    options: {
      name: string;
      cols: number;
      rows: number;
      cwd: string;
      env: Record<string, string>;
      encoding: null;
    },
  ): IPty;
}

/**
 * What the package does not show of its terminals. Its own `write` waits for a program that reads nothing, and we with it: libuv takes
 * the master of a terminal for a stream that may block. Its descriptor is non-blocking, and the socket says until when it is open.
 */
interface PtyInside extends NodeJS.EventEmitter {
  readonly fd: number;
  readonly _socket: { readonly destroyed: boolean };
}

/** Starts programs on a terminal of their own. */
export type StartOnTerminal = (
  request: SpawnRequest & { readonly terminal: NonNullable<SpawnRequest['terminal']> },
  onOutput: Parameters<Processes['spawn']>[1],
) => RunningProcess;

/**
 * Builds what starts programs on terminals. The package is loaded with the first of them, since it is native: where it has no build for
 * this machine, only logins fail, each with the reason.
 */
export function createTerminalStarter(options: {
  readonly table: ProcessTable;
  /** Called at once when the program itself has ended. */
  readonly onEnd: (identity: ProcessIdentity) => void;
  readonly load?: () => PtyLibrary;
}): StartOnTerminal {
  const { table } = options;
  const load = options.load ?? loadLibrary;
  let library: PtyLibrary | undefined;

  return (request, onOutput) => {
    const unstartable = explainUnstartable(request);
    if (unstartable !== undefined) return notStarted(unstartable);
    let pty: IPty;
    try {
      library ??= load();
      pty = open(library, request);
    } catch (error) {
      return notStarted(explain(error));
    }
    return watch(pty, onOutput, table, options.onEnd);
  };
}

/** It is CommonJS, and `require` is synchronous, as `spawn` has to be. */
function loadLibrary(): PtyLibrary {
  return createRequire(import.meta.url)('@lydell/node-pty') as PtyLibrary;
}

function open(library: PtyLibrary, { argv, cwd, env, terminal, through }: Parameters<StartOnTerminal>[0]): IPty {
  const [program, ...args] = [...(through?.argv ?? []), ...argv] as [string, ...string[]];
  return library.spawn(program, args, {
    name: TERMINAL_NAME,
    cols: terminal.columns,
    rows: terminal.rows,
    cwd,
    env: { ...env },
    encoding: null,
  });
}

function watch(
  pty: IPty,
  onOutput: Parameters<Processes['spawn']>[1],
  table: ProcessTable,
  onEnd: (identity: ProcessIdentity) => void,
): RunningProcess {
  const identity: ProcessIdentity = {
    pid: pty.pid,
    startTicks: table.rowsOf([pty.pid])[0]?.startTicks ?? '',
    bootId: table.bootId,
  };
  const inside = pty as unknown as PtyInside;
  // A second listener, or the package throws what a vanished terminal answers.
  inside.on('error', () => undefined);
  const keyboard = createKeyboard(inside);
  // With `encoding: null` it hands on bytes, whatever its types say.
  pty.onData((chunk) => onOutput(chunk as unknown as Uint8Array, 'stdout'));
  const exit = new Promise<ProcessExit>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      keyboard.unplug();
      onEnd(identity);
      resolve(signal === undefined || signal === 0 ? { kind: 'exited', code: exitCode } : signalled(signal));
    });
  });
  return {
    identity,
    exit,
    signal(signal) {
      const [row] = table.rowsOf([identity.pid]);
      // The kernel keeps a pid reserved while it names a group, so another process under it means that the group is gone.
      if (row === undefined || row.startTicks === identity.startTicks) sendSignal(-identity.pid, signal);
    },
    write: keyboard.type,
    // The end of input, as a person at a terminal gives it.
    closeInput: () => keyboard.type('\u0004'),
  };
}

/** Types into a terminal without ever waiting for whoever reads it. */
function createKeyboard(inside: PtyInside): { type(text: string): void; unplug(): void } {
  let waiting = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    try {
      while (waiting.length > 0 && !inside._socket.destroyed) waiting = waiting.subarray(writeSync(inside.fd, waiting));
    } catch (error) {
      // EAGAIN: it takes no more for now. Anything else: the terminal is gone, and its exit tells the rest.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') timer = setTimeout(flush, FULL_MS).unref();
      else waiting = Buffer.alloc(0);
    }
  }

  return {
    type(text) {
      const bytes = Buffer.from(text);
      if (waiting.length + bytes.length > MOST_UNREAD_BYTES) return;
      waiting = Buffer.concat([waiting, bytes]);
      if (timer === undefined) flush();
    },
    unplug() {
      clearTimeout(timer);
      waiting = Buffer.alloc(0);
    },
  };
}

function signalled(number: number): ProcessExit {
  const name = Object.entries(constants.signals).find(([, known]) => known === number)?.[0];
  return { kind: 'signalled', signal: name ?? String(number) };
}

function explain(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return `no terminal can be opened here (${first.trim()}): install Nightdesk's optional dependencies on this machine (npm ci)`;
}

function notStarted(reason: string): RunningProcess {
  return {
    identity: undefined,
    exit: Promise.resolve<ProcessExit>({ kind: 'not-started', reason }),
    signal: () => undefined,
    write: () => undefined,
    closeInput: () => undefined,
  };
}
