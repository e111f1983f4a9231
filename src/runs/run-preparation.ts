import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { VersionWatch } from '../clis/version-watch.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { InstructionComposer } from '../instructions/compose.ts';
import type { Clock, Disk, Log, Random } from '../ports.ts';
import type { PreparedRun, Runtime } from '../runtimes/runtime.ts';
import { createQuoteCheck } from './run-end.ts';
import { chooseSession } from './session-choice.ts';
import { sessionIdFrom } from './session-id.ts';

/** As many runs before it as tell whether a run goes on with a session. */
const EARLIER_RUNS = 6;
/** The longest prompt that is read; what is longer is data, and belongs into a file that the agent reads. */
const MOST_PROMPT_BYTES = 1024 * 1024;

/** What a publication's run is given on stdin; undefined when its draft is no longer to be published. */
export type PublicationInput = (publicationId: number) => string | undefined;

/** What an agent reads before its prompt: why this run is there, and what it has to go on with; empty: nothing. Of CLIs only. */
export type Preface = (run: RunRow, agent: Agent) => string;

/** A run that can be started, or why it cannot: a failure of the configuration, in a sentence. */
export type Preparation =
  | {
      readonly kind: 'prepared';
      readonly agent: Agent;
      readonly run: PreparedRun;
      readonly cliVersion: string | null;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** What decides how a run is started. */
export interface PreparationParts {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  readonly versions: Pick<VersionWatch, 'refusal' | 'versionOf'>;
  readonly instructions: InstructionComposer;
  readonly publicationInput: PublicationInput;
  /** In their order. */
  readonly prefaces: readonly Preface[];
  readonly mcpUrl: string;
}

/** Builds what makes a run's row into a program to start: nothing is started, and nothing written but its empty workdir. */
export function createRunPreparation(parts: PreparationParts): (run: RunRow) => Preparation {
  const { fleet, storage, disk, clock } = parts;

  /** The prompt's text; undefined where it is missing, empty, or may not be read. */
  function readPrompt(path: string): string | undefined {
    try {
      const text = disk.readText(path, MOST_PROMPT_BYTES)?.text;
      return text === undefined || text.trim() === '' ? undefined : text;
    } catch {
      return undefined; // Whatever the file system says of it: the run says that it cannot be read.
    }
  }

  function ensureWorkdir(agent: Agent): void {
    try {
      disk.ensureFolder(agent.workdir);
    } catch (error) {
      // Starting the program in it ends as `not-started`, with what to do.
      const { code } = error as NodeJS.ErrnoException;
      parts.log.warn('a workdir could not be made', { agent: agent.name, workdir: agent.workdir, code });
    }
  }

  return (run) => {
    const agent = fleet.agents.get(run.agent);
    const runtime = agent === undefined ? undefined : parts.runtimes.get(agent.runtime);
    if (agent === undefined || runtime === undefined) return refused(`fleet.yaml has no runnable agent ${run.agent}`);
    const refusal = parts.versions.refusal(agent);
    if (refusal !== undefined) return refused(refusal);
    const input = run.publicationId === null ? undefined : parts.publicationInput(run.publicationId);
    if (run.publicationId !== null && input === undefined) return refused('its draft is not to be published any more');
    const isCli = runtime.cli !== undefined;
    const prompt = isCli ? readPrompt(agent.prompt ?? '') : '';
    if (prompt === undefined)
      return refused(
        `its prompt ${agent.prompt ?? ''} is missing, empty, or may not be read: write what the agent is to do into it`,
      );
    const instructions = isCli ? parts.instructions(agent) : ({ kind: 'composed', text: '' } as const);
    if (instructions.kind === 'refused') return refused(instructions.reason);
    ensureWorkdir(agent);
    const prefaces = isCli ? parts.prefaces.map((preface) => preface(run, agent)).filter((text) => text !== '') : [];
    const earlier = storage.runs.recent(agent.name, EARLIER_RUNS).filter(({ id }) => id < run.id);
    const mostUsd = run.reservedMicroUsd === null ? agent.maxRunCostUsd : run.reservedMicroUsd / 1_000_000;
    const prepared = runtime.prepare(agent, {
      id: run.id,
      stdin: input,
      // A publisher that prints what it was given says nothing of its own login.
      ...(input === undefined ? {} : { isForeign: createQuoteCheck(input) }),
      prompt: [...prefaces, prompt].join('\n\n'),
      instructions: instructions.text,
      ...(mostUsd === undefined ? {} : { mostUsd }),
      session: chooseSession(agent, run, earlier, clock.now(), sessionIdFrom(parts.random.token(16))),
      mcpUrl: parts.mcpUrl,
    });
    return { kind: 'prepared', agent, run: prepared, cliVersion: parts.versions.versionOf(agent) ?? null };
  };
}

function refused(reason: string): Preparation {
  return { kind: 'refused', reason };
}
