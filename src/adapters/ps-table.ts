import { execFile, execFileSync } from 'node:child_process';
import type { Mark, ProcessRow, ProcessTable } from './process-table.ts';

/** What `ps` is asked for, in the words that procps, macOS and the BSDs share; the command comes last, as it may hold anything. */
const COLUMNS = 'pid=,ppid=,pgid=,stat=,lstart=,command=';

/** A few thousand processes with their environments are some megabytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** `ps` that hangs must not keep us. */
const TIMEOUT_MS = 1500;

const COMMAND_CHARS = 200;

/**
 * Builds the process table of a system without /proc, from what `ps` prints: it tells no sessions, start times to the second, and
 * environments only of processes whose owner we are and where the system does not hide them. Recorded text is parsed in the tests; it was
 * never tried on a Mac.
 */
export function createPsTable(): ProcessTable {
  // Month names and the order within a date depend on the language.
  const options = {
    env: { PATH: '/bin:/usr/bin:/sbin:/usr/sbin', LC_ALL: 'C' },
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: TIMEOUT_MS,
  };
  const ask = (program: string, args: readonly string[]) => {
    try {
      return execFileSync(program, args, { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  };
  const commands = new Map<number, string>();
  const rowsOf = (pids: readonly number[]) =>
    pids.length === 0 ? [] : parsePs(ask('ps', ['-ww', '-o', COLUMNS, '-p', pids.join(',')]));
  return {
    // macOS; the BSDs know only the second.
    bootId: ask('sysctl', ['-n', 'kern.bootsessionuuid']).trim() || ask('sysctl', ['-n', 'kern.boottime']).trim(),
    isInstant: false,
    rowsOf,
    childrenOf: (pid) =>
      parsePs(ask('ps', ['-A', '-o', COLUMNS])).flatMap((row) => (row.parent === pid ? [row.pid] : [])),
    async look(visit, skipped) {
      const text = await new Promise<string>((resolve) => {
        execFile('ps', ['-A', '-E', '-ww', '-o', COLUMNS], options, (error, stdout) =>
          resolve(error === null ? stdout : ''),
        );
      });
      commands.clear();
      const rows = parsePs(text).sort((a, b) => b.pid - a.pid);
      for (const row of rows) {
        commands.set(row.pid, row.command);
        if (skipped?.has(row.pid) !== true) visit(row);
      }
      return { pids: rows.map(({ pid }) => pid), hasMissed: false };
    },
    isYoung: () => false,
    carries: (row, mark) => (hasMark(commands.get(row.pid) ?? '', mark) ? 'yes' : 'no'),
    tell(pid) {
      const [row] = rowsOf([pid]);
      return {
        command: (row?.command ?? '').slice(0, COMMAND_CHARS),
        ageMs: row === undefined ? 0 : Math.max(0, Date.now() - Date.parse(row.startTicks)),
      };
    },
  };
}

/** Parses what `ps` printed for COLUMNS: `lstart` is five words, such as `Sun Nov 22 09:20:24 2026`. */
export function parsePs(text: string): (ProcessRow & { readonly command: string })[] {
  return text.split('\n').flatMap((line) => {
    const fields = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d{4})(?:\s+(.*))?$/.exec(line);
    if (fields === null) return [];
    const [, pid, parent, group, state = '', startedAt = '', command = ''] = fields;
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      startTicks: startedAt.replace(/\s+/g, ' '),
      state: state.startsWith('Z') ? ('ended' as const) : ('alive' as const),
      command,
    };
  });
}

/** The environment follows the command, each `NAME=value` after a blank. */
function hasMark(command: string, { text, isPrefix }: Mark): boolean {
  const words = command.split(' ');
  return words.some((word) => (isPrefix ? word.startsWith(text) : word === text));
}
