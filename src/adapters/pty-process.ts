import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { IPty } from '@lydell/node-pty';
import type { ProcessExit, ProcessIdentity, Processes, RunningProcess, SpawnRequest } from '../ports.ts';
import { sendSignal } from './process-signals.ts';
import type { ProcessTable } from './process-table.ts';
import { explainUnstartable } from './start-checks.ts';

/**
 * What may be typed into one program, in UTF-16 units. The kernel keeps what is not read up to some 64 kB, and whoever writes more than
 * that to a terminal waits until it is: we would wait with everything. A person types a code or two.
 */
const MOST_TYPED = 16 * 1024;

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
  // A second listener, or the package throws what a vanished terminal answers.
  (pty as unknown as NodeJS.EventEmitter).on('error', () => undefined);
  let hasEnded = false;
  let typed = 0;
  // With `encoding: null` it hands on bytes, whatever its types say.
  pty.onData((chunk) => onOutput(chunk as unknown as Uint8Array, 'stdout'));
  const exit = new Promise<ProcessExit>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      hasEnded = true;
      onEnd(identity);
      resolve(signal === undefined || signal === 0 ? { kind: 'exited', code: exitCode } : signalled(signal));
    });
  });
  function write(text: string): void {
    typed += text.length;
    if (!hasEnded && text !== '' && typed <= MOST_TYPED) pty.write(text);
  }
  return {
    identity,
    exit,
    signal(signal) {
      const [row] = table.rowsOf([identity.pid]);
      // The kernel keeps a pid reserved while it names a group, so another process under it means that the group is gone.
      if (row === undefined || row.startTicks === identity.startTicks) sendSignal(-identity.pid, signal);
    },
    write,
    // The end of input, as a person at a terminal gives it.
    closeInput: () => write('\u0004'),
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
