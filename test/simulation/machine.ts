import type { Clock, ProcessExit, Processes, RunningProcess, SpawnRequest, SweepRequest } from '../../src/ports.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';

/** One incarnation of the control plane, as its ports know it. */
export interface Host {
  isAlive: boolean;
}

/** A program of the simulated machine, as its script sees itself. */
export interface Program {
  readonly pid: number;
  readonly startTicks: string;
  readonly request: SpawnRequest;
  /** `agent`, `publisher`, `check` or `login`, and the name it plays. */
  readonly role: string;
  readonly name: string;
  readonly host: Host;
  isAlive: boolean;
  /** Ignores TERM; only KILL ends it. */
  isDeaf: boolean;
  /** The control plane has asked it to stop. */
  isAsked: boolean;
  /** What it does on TERM instead of dying by it. */
  onTerm: (() => void) | undefined;
  print(text: string, stream?: 'stdout' | 'stderr'): void;
  exit(exit: ProcessExit): void;
  /** Goes on later, unless it is dead by then. */
  later(delayMs: number, task: () => void): void;
}

/** The machine: programs in virtual time, some of which outlive the control plane that started them. */
export interface Machine {
  processesFor(host: Host): Processes;
  alive(): readonly Program[];
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

/** Time between a program's end and the news of it. */
const REAP_MS = 3;
const KILL_MS = 25;

/** Builds the machine. */
export function createMachine(options: {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly isCalm: () => boolean;
  readonly hooks: MachineHooks;
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
      clock.after(REAP_MS, () => host.isAlive && resolve(exit));
      return {
        identity: undefined,
        exit: promise,
        signal: () => undefined,
        write: () => undefined,
        closeInput: () => undefined,
      };
    }
    const [role = '', name = ''] = request.argv[0].split(':');
    const program: Program = {
      pid: (lastPid += 1),
      startTicks: String(clock.now()),
      request,
      role,
      name,
      host,
      isAlive: true,
      isDeaf: false,
      isAsked: false,
      onTerm: undefined,
      print(text, stream = 'stdout') {
        if (program.isAlive && host.isAlive) onOutput(Buffer.from(text), stream);
      },
      exit(exit) {
        if (!program.isAlive) return;
        program.isAlive = false;
        programs.delete(program.pid);
        clock.after(REAP_MS, () => {
          if (!host.isAlive) return;
          hooks.delivered(program, exit);
          resolve(exit);
        });
      },
      later: (delayMs, task) => void clock.after(delayMs, () => program.isAlive && task()),
    };
    noteOverlap(program);
    programs.set(program.pid, program);
    hooks.play(program);
    return {
      identity: { pid: program.pid, startTicks: program.startTicks, bootId: 'boot' },
      exit: promise,
      signal: (signal) => deliverSignal(program, signal),
      write: () => undefined,
      closeInput: () => undefined,
    };
  }

  function noteOverlap(program: Program): void {
    if (program.role !== 'agent' && program.role !== 'publisher') return;
    const others = [...programs.values()].filter((other) => other.role === program.role && other.name === program.name);
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
          for (const program of found) {
            program.isAlive = false;
            programs.delete(program.pid);
          }
          clock.after(KILL_MS, () => {
            if (host.isAlive) resolve({ kind: found.length === 0 ? 'gone' : 'killed', survivors: [] });
          });
        }),
    }),
    orphan(host, survives) {
      for (const program of [...programs.values()].filter((candidate) => candidate.host === host)) {
        if (survives(program)) continue;
        program.isAlive = false;
        programs.delete(program.pid);
      }
    },
  };
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
