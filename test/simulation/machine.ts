import type { ProcessExit, Processes, RunningProcess, SpawnRequest, SweepRequest } from '../../src/ports.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One incarnation of the control plane, as its ports know it. */
export interface Host {
  isAlive: boolean;
}

/** A program of the simulated machine, as its script sees itself. */
export interface Program {
  readonly pid: number;
  readonly startTicks: string;
  /** When it was started, by the machine's monotonic clock. */
  readonly startedMonotonic: number;
  /** When it last said something, by the same clock; its start counts. */
  spokeMonotonic: number;
  readonly request: SpawnRequest;
  /**
   * `agent`, `publisher`, `check` or `login`, and the name it plays; of a CLI also `version` and `probe`; `child` is what an agent started,
   * `draw` what draws the pictures of a digest.
   */
  readonly role: string;
  readonly name: string;
  /** The run that it belongs to, by the mark in its environment; undefined for all others. */
  readonly run: number | undefined;
  readonly host: Host;
  isAlive: boolean;
  /** Ignores TERM; only KILL ends it. */
  isDeaf: boolean;
  /** The control plane has asked it to stop. */
  isAsked: boolean;
  /** What it does on TERM instead of dying by it. */
  onTerm: (() => void) | undefined;
  /** What it does with what is written to its stdin after its start, and when that is closed. */
  onInput: ((text: string) => void) | undefined;
  onInputClosed: (() => void) | undefined;
  isInputClosed: boolean;
  /** Until then no sweep can end it, as one that waits for a dead disk: it does nothing any more. 0: it is not like that. */
  stuckUntil: number;
  print(text: string, stream?: 'stdout' | 'stderr'): void;
  exit: (exit: ProcessExit) => void;
  /** Goes on later, unless it is dead by then. */
  later(delayMs: number, task: () => void): void;
}

/** The machine: programs in virtual time, some of which outlive the control plane that started them. */
export interface Machine {
  processesFor(host: Host): Processes;
  alive(): readonly Program[];
  /** A program starts another one, and does not wait for it: that one has its environment, and stays. */
  leaveChild(parent: Program, stuckForMs: number): void;
  /** The host is gone: its programs die with it or live on, as `survives` decides for each. */
  orphan(host: Host, survives: (program: Program) => boolean): void;
}

/** What the machine asks of the world. */
export interface MachineHooks {
  /** Begins to play the program. */
  play(program: Program): void;
  /** The control plane is about to be told of an exit. */
  delivered(program: Program, exit: ProcessExit): void;
}

/** What a program shows of itself: `agent:scout` plays scout; a CLI is told apart by its arguments, and its environment names its agent. */
function roleOf({ argv, env }: SpawnRequest): { readonly role: string; readonly name: string } {
  if (argv.some((part) => /\/digest\/draw\.[jt]s$/.test(part))) return { role: 'draw', name: '' };
  const [role = '', name = ''] = argv[0].split(':');
  if (role !== 'claude') return { role, name };
  const agent = env['NIGHTDESK_AGENT'] ?? '';
  if (argv.includes('--version')) return { role: 'version', name: agent };
  return { role: argv.includes('--input-format') ? 'agent' : 'probe', name: agent };
}

/** Time between a program's end and the news of it. */
const REAP_MS = 3;
const KILL_MS = 25;
/** A sweep that cannot end somebody gives up after twice this time; timers of less than a second are exact. */
const HALF_SWEEP_MS = 999;
/** From the news of an end until its row: what ended later than this before a crash may be in no row. */
export const UNSETTLED_MS = 2 * HALF_SWEEP_MS + 100;

/** Builds the machine. */
export function createMachine(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly isCalm: () => boolean;
  readonly hooks: MachineHooks;
  /** A program has been started, and nobody but the machine knows of it yet. */
  readonly onSpawned: (program: Program) => void;
}): Machine {
  const { clock, random, record, hooks } = options;
  const programs = new Map<number, Program>();
  let lastPid = 1_000;

  function spawn(
    host: Host,
    request: SpawnRequest,
    onOutput: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void,
  ): RunningProcess {
    if (!host.isAlive)
      return {
        identity: undefined,
        exit: new Promise(() => {}),
        signal: () => undefined,
        write: () => undefined,
        closeInput: () => undefined,
      };
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    if (!options.isCalm() && random.chance(0.004)) {
      const exit: ProcessExit = {
        kind: 'not-started',
        reason: 'this machine has no room for another process (EAGAIN)',
      };
      clock.machine.after(REAP_MS, () => host.isAlive && resolve(exit));
      return {
        identity: undefined,
        exit: promise,
        signal: () => undefined,
        write: () => undefined,
        closeInput: () => undefined,
      };
    }
    const program = createProgram(host, request, roleOf(request), (text, stream) =>
      onOutput(Buffer.from(text), stream),
    );
    program.exit = (exit) => {
      if (!program.isAlive) return;
      vanish(program);
      clock.machine.after(REAP_MS, () => {
        if (!host.isAlive) return;
        hooks.delivered(program, exit);
        resolve(exit);
      });
    };
    noteOverlap(program);
    programs.set(program.pid, program);
    hooks.play(program);
    options.onSpawned(program);
    return {
      identity: { pid: program.pid, startTicks: program.startTicks, bootId: 'boot' },
      exit: promise,
      signal: (signal) => deliverSignal(program, signal),
      write(text) {
        if (host.isAlive && program.isAlive && !program.isInputClosed) program.onInput?.(text);
      },
      closeInput() {
        if (!host.isAlive || !program.isAlive || program.isInputClosed) return;
        program.isInputClosed = true;
        program.onInputClosed?.();
      },
    };
  }

  function createProgram(
    host: Host,
    request: SpawnRequest,
    { role, name }: { readonly role: string; readonly name: string },
    onText: (text: string, stream: 'stdout' | 'stderr') => void,
  ): Program {
    const run = Number(request.env['NIGHTDESK_RUN'] ?? 0);
    const program: Program = {
      pid: (lastPid += 1),
      startTicks: String(clock.now()),
      startedMonotonic: clock.machine.monotonic(),
      spokeMonotonic: clock.machine.monotonic(),
      request,
      role,
      name,
      run: run > 0 ? run : undefined,
      host,
      isAlive: true,
      isDeaf: false,
      isAsked: false,
      onTerm: undefined,
      onInput: undefined,
      onInputClosed: undefined,
      isInputClosed: request.keepsInputOpen !== true,
      stuckUntil: 0,
      print(text, stream = 'stdout') {
        if (!program.isAlive || !host.isAlive) return;
        program.spokeMonotonic = clock.machine.monotonic();
        onText(text, stream);
      },
      exit: () => vanish(program),
      later: (delayMs, task) =>
        void clock.machine.after(delayMs, () => program.isAlive && program.stuckUntil === 0 && task()),
    };
    return program;
  }

  function vanish(program: Program): void {
    program.isAlive = false;
    programs.delete(program.pid);
  }

  function noteOverlap(program: Program): void {
    if (!isOfRun(program)) return;
    const others = [...programs.values()].filter((other) => isOfRun(other) && other.name === program.name);
    if (others.length > 0)
      record.overlaps.push({ agent: program.name, pids: [program.pid, ...others.map(({ pid }) => pid)] });
  }

  function deliverSignal(program: Program, signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!program.isAlive || !program.host.isAlive) return;
    program.isAsked = true;
    if (signal === 'SIGKILL') return program.later(1, () => program.exit({ kind: 'signalled', signal }));
    if (program.isDeaf) return;
    if (program.onTerm === undefined)
      program.later(random.between(5, 1_500), () => program.exit({ kind: 'signalled', signal }));
    else program.later(random.between(5, 1_500), program.onTerm);
  }

  return {
    alive: () => [...programs.values()],
    processesFor: (host) => ({
      spawn: (request, onOutput) => spawn(host, request, onOutput),
      sweep: (whom) =>
        new Promise((resolve) => {
          if (!host.isAlive) return;
          const found = [...programs.values()].filter((program) => fits(program, whom));
          const stuck = found.filter(({ stuckUntil }) => stuckUntil > clock.now());
          for (const program of found) if (!stuck.includes(program)) vanish(program);
          const survivors = stuck.map(({ pid, role, name, startTicks }) => ({
            pid,
            startTicks,
            bootId: 'boot',
            command: `${role} ${name}`,
            ageMs: clock.now() - Number(startTicks),
          }));
          const report = (): void => {
            if (!host.isAlive) return;
            resolve({ kind: stuck.length > 0 ? 'survived' : found.length === 0 ? 'gone' : 'killed', survivors });
          };
          if (stuck.length === 0) clock.machine.after(KILL_MS, report);
          else clock.machine.after(HALF_SWEEP_MS, () => void clock.machine.after(HALF_SWEEP_MS, report));
        }),
    }),
    orphan(host, survives) {
      for (const program of [...programs.values()].filter((candidate) => candidate.host === host)) {
        if (!survives(program)) vanish(program);
        else if (!program.isInputClosed) {
          // Its pipe ends with whoever held the other end.
          program.isInputClosed = true;
          program.later(REAP_MS, () => program.onInputClosed?.());
        }
      }
    },
    leaveChild(parent, stuckForMs) {
      const child = createProgram(parent.host, parent.request, { role: 'child', name: parent.name }, () => undefined);
      child.stuckUntil = stuckForMs === 0 ? 0 : clock.now() + stuckForMs;
      programs.set(child.pid, child);
    },
  };
}

/** Programs of an agent's runs: two at once would work in one folder. */
export function isOfRun({ role }: Program): boolean {
  return role === 'agent' || role === 'publisher' || role === 'child';
}

/** Whether a sweep may end a program: by its pid with its start time, or by its mark. */
function fits(program: Program, whom: SweepRequest): boolean {
  const { identity, mark } = whom;
  if (identity?.pid === program.pid && identity.startTicks === program.startTicks) return true;
  if (mark === undefined) return false;
  const [name = '', text = ''] = mark.text.split('=');
  const value = program.request.env[name];
  return value !== undefined && (mark.isPrefix ? value.startsWith(text) : value === text);
}
