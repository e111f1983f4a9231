import type { Program } from './machine.ts';
import type { ProgramTools, ScriptOptions } from './program-tools.ts';

/** A task, or its phase, that a run has. */
export interface Assignment {
  readonly id: number;
  readonly phase: string | undefined;
}

/** What agents do with tasks. */
export interface TaskScripts {
  /** Gives work to another agent, now and then. */
  handOver(program: Program): void;
  /** Takes what there is for it, as programs do that are no CLI. */
  claim(program: Program): Assignment | undefined;
  /** Reads what its CLI was started with. */
  read(program: Program, session: string): Assignment | undefined;
  /** Says what came of it, once, twice, or differently. */
  handIn(program: Program, assignment: Assignment): void;
}

/** More than these, and an hour without faults is not enough for all of them. */
const MOST_TASKS = 12;
const PHASES = ['gather', 'compare', 'write', 'check', 'polish'] as const;

/** Builds the scripts. */
export function createTaskScripts(options: ScriptOptions, { ask }: Pick<ProgramTools, 'ask'>): TaskScripts {
  const { clock, random, fleet } = options;
  const { work } = options.record;
  const workers = [...fleet.agents.values()]
    .filter(({ publishes, schedule }) => publishes.length === 0 && schedule.kind !== 'none')
    .map(({ name }) => name);

  function begin(
    { run = 0, name }: Program,
    assignment: Assignment,
    seen: { readonly outputs: ReadonlyMap<string, string>; readonly isTold: boolean; readonly session?: string },
  ): Assignment {
    const { id, phase } = assignment;
    // An answer that was lost is asked for again.
    if (work.begun.some((one) => one.run === run && one.task === id && one.phase === phase)) return assignment;
    const { outputs, isTold, session } = seen;
    work.begun.push({ task: id, phase, run, agent: name, session, isTold, outputs, at: clock.now() });
    options.trace(`${name} begins task ${id}${phase === undefined ? '' : `, ${phase}`}`);
    return assignment;
  }

  function submit(program: Program, { id, phase }: Assignment, output: string): boolean {
    const answer =
      phase === undefined
        ? ask(program, 'POST', '/v1/task/done', { id })
        : ask(program, 'POST', '/v1/task/phase-done', { id, output });
    const isTaken = answer?.status === 200;
    work.handedIn.push({ task: id, phase, run: program.run ?? 0, output, at: clock.now(), isTaken });
    if (isTaken) options.trace(`${program.name} ended ${phase ?? 'all'} of task ${id}`);
    return isTaken;
  }

  return {
    handOver(program) {
      if (options.isCalm() || work.tasks.length >= MOST_TASKS || !random.chance(0.08)) return;
      const phases = random.chance(0.7) ? PHASES.slice(0, random.between(1, PHASES.length)) : [];
      const number = work.tasks.length + 1;
      const task = {
        for: random.pick(workers),
        title: `Report ${number}`,
        brief: `Write report ${number}.`,
        ...(phases.length === 0 ? {} : { phases }),
        key: `report-${number}`,
      };
      const add = (): void => {
        const id = Number(ask(program, 'POST', '/v1/task/add', task)?.body['id']);
        if (!Number.isSafeInteger(id) || work.tasks.some((known) => known.id === id)) return;
        work.tasks.push({ id, agent: task.for, phases, at: clock.now() });
        options.trace(`${program.name} hands task ${id} to ${task.for}`);
      };
      add();
      if (random.chance(0.2)) add();
    },
    claim(program) {
      if (!options.isCalm() && random.chance(0.05)) return undefined;
      const task = ask(program, 'POST', '/v1/task/claim', {})?.body['task'] as
        | {
            readonly id: number;
            readonly phase: string | null;
            readonly attempt: number;
            readonly phases: readonly { readonly name: string; readonly output: string | null }[];
          }
        | null
        | undefined;
      if (task === null || task === undefined) return undefined;
      const outputs = new Map(task.phases.flatMap(({ name, output }) => (output === null ? [] : [[name, output]])));
      return begin(program, { id: task.id, phase: task.phase ?? undefined }, { outputs, isTold: task.attempt > 1 });
    },
    read(program, session) {
      const text = readPrompt(program.request.stdin ?? '');
      const id = Number(/^# Your task in this run: #(\d+) /m.exec(text)?.[1]);
      if (!Number.isSafeInteger(id)) return undefined;
      const phase = /^\d+\. (\w+): this run does it$/m.exec(text)?.[1];
      const outputs = new Map(
        [...text.matchAll(/^## What phase \d+, (\w+), gave\n\n(.*)$/gm)].map(([, name = '', output = '']) => [
          name,
          output,
        ]),
      );
      const isTold = /^This is attempt \d+ at /m.test(text) || /You go on with work|You were interrupted/.test(text);
      return begin(program, { id, phase }, { outputs, isTold, session });
    },
    handIn(program, assignment) {
      const { id, phase } = assignment;
      const calm = options.isCalm();
      if (!calm && random.chance(0.07)) return;
      const output = `What ${phase ?? 'all'} of task ${id} gave to run ${program.run}: ${random.token(6)}`;
      const isTaken = submit(program, assignment, output);
      if (calm) return;
      if (!isTaken || random.chance(0.2)) submit(program, assignment, output);
      if (random.chance(0.1) && phase !== undefined) submit(program, assignment, `${output}, or so`);
    },
  };
}

/** The texts of the messages that a CLI is started with. */
export function readPrompt(stdin: string): string {
  return stdin
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { message } = JSON.parse(line) as { message?: { content?: readonly { text?: string }[] } };
      return message?.content?.map(({ text }) => text ?? '').join('\n') ?? '';
    })
    .join('\n');
}
