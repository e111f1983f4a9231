import type { Agent, Fleet } from '../config/fleet.ts';
import type { Containment } from '../containment/containment.ts';
import type { Clock, Disk, Log, ProcessExit, Processes, Random, RunningProcess } from '../ports.ts';
import { sessionIdFrom } from '../runs/session-id.ts';
import { buildRunEnvironment, type RunEnvironmentParts } from '../runs/run-environment.ts';
import type { Cli, RunEvent, RunOutcome, SpawnPart } from '../runtimes/runtime.ts';

/** A version is told at once; a loaded machine may take its time to start a CLI. */
const VERSION_LIMIT_MS = 20_000;
/** A probe is one call of the model; what takes longer is no answer. */
const PROBE_LIMIT_MS = 2 * 60_000;
/** How long a CLI may stay after it has answered (facts: agent-clis 14.18). */
const LINGER_MS = 10_000;
/** What is kept of the output of `--version`: it is a line. */
const MAX_OUTPUT_CHARS = 16 * 1024;

/** How `--version` went. */
export type VersionAnswer =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** How a probe went, and how long its answer took. */
export interface ProbeAnswer {
  readonly outcome: RunOutcome;
  readonly tookMs: number;
}

/** Runs CLIs outside of any run, contained like a run and swept after it. */
export interface CliPrograms {
  readVersion(cli: Cli, agent: Agent): Promise<VersionAnswer>;
  probe(cli: Cli, agent: Agent): Promise<ProbeAnswer>;
  /** Ends what runs. */
  stop(): void;
}

/** Builds what runs CLIs outside of runs. */
export function createCliPrograms(options: {
  readonly fleet: Fleet;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly environment: RunEnvironmentParts;
}): CliPrograms {
  const { clock, log } = options;
  const running = new Set<RunningProcess>();
  // Runs count up from 1: below them is room for what is no run, but is contained and swept like one.
  let lastId = 0;

  async function run(
    agent: Agent,
    part: SpawnPart,
    limitMs: number,
    onOutput: (
      chunk: Uint8Array,
      stream: 'stdout' | 'stderr',
      process: RunningProcess,
      limit: (ms: number) => void,
    ) => void,
  ): Promise<{ readonly exit: ProcessExit; readonly timedOut: boolean }> {
    const id = (lastId -= 1);
    const trouble = ensureWorkdir(agent);
    if (trouble !== undefined) return { exit: { kind: 'not-started', reason: trouble }, timedOut: false };
    const request = options.containment.wrap(
      {
        argv: part.argv,
        cwd: agent.workdir,
        // No row has this token: whatever the CLI tries to call with it is refused.
        env: buildRunEnvironment(
          agent,
          { id, token: options.random.token(32), wanted: part.env ?? {} },
          options.environment,
        ),
        ...(part.stdin === undefined ? {} : { stdin: part.stdin }),
        ...(part.keepsInputOpen === undefined ? {} : { keepsInputOpen: part.keepsInputOpen }),
      },
      id,
    );
    let timedOut = false;
    let cancel = (): void => {};
    const limit = (ms: number): void => {
      cancel();
      cancel = clock.after(ms, () => {
        timedOut = true;
        process.signal('SIGKILL');
      });
    };
    const process = options.processes.spawn(request, (chunk, stream) => onOutput(chunk, stream, process, limit));
    running.add(process);
    limit(limitMs);
    const exit = await process.exit;
    cancel();
    running.delete(process);
    const report = await options.containment.sweep({ id, identity: process.identity });
    if (report.kind === 'survived')
      log.warn('processes of a CLI could not be ended', { program: part.argv[0], survivors: report.survivors.length });
    return { exit, timedOut };
  }

  function ensureWorkdir(agent: Agent): string | undefined {
    try {
      options.disk.ensureFolder(agent.workdir);
      return undefined;
    } catch (error) {
      const { code = 'an error', path = agent.workdir } = error as NodeJS.ErrnoException;
      return `${path} cannot be made (${code})`;
    }
  }

  return {
    async readVersion(cli, agent) {
      const decoder = new TextDecoder();
      let printed = '';
      const part: SpawnPart = { argv: [cli.program, ...cli.versionArguments] };
      const { exit, timedOut } = await run(agent, part, VERSION_LIMIT_MS, (chunk) => {
        if (printed.length < MAX_OUTPUT_CHARS) printed += decoder.decode(chunk, { stream: true });
      });
      const version = exit.kind === 'exited' && exit.code === 0 ? cli.readVersion(printed) : undefined;
      return version === undefined
        ? { kind: 'unreadable', reason: describe(exit, timedOut, printed) }
        : { kind: 'version', version };
    },

    async probe(cli, agent) {
      const startedAt = clock.now();
      let answeredAt: number | undefined;
      const { spawn, decoder } = cli.prepareProbe(agent, {
        id: lastId - 1,
        stdin: undefined,
        prompt: '',
        instructions: '',
        session: { kind: 'new', id: sessionIdFrom(options.random.token(16)) },
        mcpUrl: `${options.environment.gatewayUrl}/mcp`,
      });
      const answer = (event: RunEvent, process: RunningProcess, limit: (ms: number) => void): void => {
        if (event.kind === 'write') process.write(event.text);
        if (event.kind === 'permission') {
          const text = decoder.decide(event.request, 'deny', 'a probe uses no tools');
          if (text !== undefined) process.write(text);
        }
        if (event.kind === 'turn-ended' && answeredAt === undefined) {
          answeredAt = clock.now();
          process.closeInput();
          limit(LINGER_MS);
        }
      };
      const { exit, timedOut } = await run(agent, spawn, PROBE_LIMIT_MS, (chunk, stream, process, limit) => {
        for (const event of decoder.push(chunk, stream)) answer(event, process, limit);
      });
      const outcome = decoder.end(exit);
      const tookMs = (answeredAt ?? clock.now()) - startedAt;
      const isSilent = timedOut && answeredAt === undefined;
      return isSilent
        ? {
            outcome: { kind: 'failed', failure: 'timeout', evidence: `no answer within ${PROBE_LIMIT_MS / 1_000} s` },
            tookMs,
          }
        : { outcome, tookMs };
    },

    stop() {
      for (const process of running) process.signal('SIGKILL');
    },
  };
}

function describe(exit: ProcessExit, timedOut: boolean, printed: string): string {
  if (timedOut) return `it gave no answer within ${VERSION_LIMIT_MS / 1_000} s`;
  const said = printed.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? '';
  const words = said === '' ? 'and said nothing' : `and said: ${said}`;
  switch (exit.kind) {
    case 'exited':
      return `it ended with exit ${exit.code} ${words}`;
    case 'signalled':
      return `it was ended by ${exit.signal} ${words}`;
    case 'not-started':
      return exit.reason;
  }
}
