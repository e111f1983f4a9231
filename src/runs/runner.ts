import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Containment } from '../containment/containment.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { Clock, Disk, Log, ProcessExit, Processes, Random, RunningProcess } from '../ports.ts';
import type { Decoder, RunEvent, Runtime } from '../runtimes/runtime.ts';
import { createPatientWriter } from '../patient-writer.ts';
import { createWorker, isPassingStorageTrouble, type Worker } from '../worker.ts';
import { buildRunEnvironment, type RunEnvironmentParts } from './run-environment.ts';
import { createQuoteCheck, decidePublicationEnd, decideRunEnd, describeExit, type EndedProgram } from './run-end.ts';
import { type PublicationEnd, readGenerations, type Settlement } from './settlement.ts';
import { createSpool, type Spool } from './spool.ts';

/** How long a program has between TERM and KILL. */
const GRACE_MS = 5_000;
/** A pause in the output after which an unfinished line counts as said. */
const IDLE_MS = 300;
/** How often the age of the last output is written down: /status shows it to the nearest seconds, and a row a line would cost the disk. */
const OUTPUT_ROW_EVERY_MS = 5_000;
/** What is kept of a publisher's stdout to find its last line. */
const LAST_LINE_CHARS = 16 * 1024;

/** What a publication's run is given on stdin; undefined when its draft is no longer to be published. */
export type PublicationInput = (publicationId: number) => string | undefined;

/** The runner, and the last lines of what runs. */
export interface Runner extends Worker {
  /** Settles the runs that an earlier incarnation left behind, after ending what is left of them; gives their number. */
  recover(): Promise<number>;
  /** The newest output of a run that is alive; empty for any other. */
  tail(runId: number, maxBytes: number): string;
}

interface Execution {
  readonly run: RunRow;
  readonly agent: Agent;
  readonly process: RunningProcess;
  readonly decoder: Decoder;
  readonly spool: Spool;
  readonly cancelTimeout: () => void;
  /** Chunks may be cut within a character. */
  readonly decodeStdout: (chunk: Uint8Array) => string;
  lastStdout: string;
  outputBytes: number;
  outputWrittenAt: number;
  stopping: 'no' | 'asked' | 'killed';
  cancelKill: () => void;
  outputAt: number;
  isIdleAwaited: boolean;
}

/**
 * The effector of runs: starts what is `starting`, stops what shall stop, settles what ended.
 *
 * Each look: 1. starts the runs that wait for it, after their row is claimed; 2. sends TERM, and after the grace KILL, to the runs that
 * are asked to stop. A run's end is settled once, whatever way it came.
 */
export function createRunner(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  readonly custodian: Custodian;
  readonly settlement: Settlement;
  readonly publicationInput: PublicationInput;
  readonly environment: RunEnvironmentParts;
  readonly scrub: (text: string) => string;
  /** Makes a secret known to `scrub`. */
  readonly learnSecret: (secret: string) => void;
  readonly onFatal: (error: unknown) => void;
}): Runner {
  const { fleet, storage, clock, log, settlement, custodian } = options;
  const executions = new Map<number, Execution>();
  const flights = new Set<Promise<void>>();
  const writer = createPatientWriter({ name: 'runner', clock, log });

  function begin(run: RunRow): void {
    const agent = fleet.agents.get(run.agent);
    const runtime = agent === undefined ? undefined : options.runtimes.get(agent.runtime);
    if (agent === undefined || runtime === undefined)
      return settleUnstarted(run, `fleet.yaml has no runnable agent ${run.agent}`);
    const input = run.publicationId === null ? undefined : options.publicationInput(run.publicationId);
    if (run.publicationId !== null && input === undefined)
      return settleUnstarted(run, 'its draft is not to be published any more');
    const token = options.random.token(32);
    options.learnSecret(token);
    const logPath = join(fleet.home, 'logs', agent.name, `${run.id}.log`);
    const claim = { startedAt: clock.now(), tokenHash: hashToken(token), logPath };
    if (!storage.transaction(() => storage.runs.claim(run.id, claim))) return;
    spawn({ ...run, startedAt: claim.startedAt }, agent, runtime, token, logPath, input);
  }

  function spawn(
    run: RunRow,
    agent: Agent,
    runtime: Runtime,
    token: string,
    logPath: string,
    input: string | undefined,
  ): void {
    const part = runtime.start(agent, { id: run.id, stdin: input });
    const request = options.containment.wrap({
      argv: part.argv,
      cwd: agent.workdir,
      env: buildRunEnvironment(agent, { id: run.id, token }, options.environment),
      ...(part.stdin === undefined ? {} : { stdin: part.stdin }),
    });
    const spool = createSpool(options.disk.openLog(logPath));
    ensureWorkdir(agent);
    const process = options.processes.spawn(request, (chunk, stream) =>
      guard(() => onOutput(execution, chunk, stream)),
    );
    const execution: Execution = {
      run,
      agent,
      process,
      // A publisher that prints what it was given says nothing of its own login.
      decoder: runtime.createDecoder(input === undefined ? undefined : createQuoteCheck(input)),
      spool,
      cancelTimeout: clock.after(agent.timeoutMs, () =>
        guard(() => void storage.transaction(() => storage.runs.wantStop(run.id, 'timeout', clock.now()))),
      ),
      decodeStdout: createTextStream(),
      lastStdout: '',
      outputBytes: 0,
      outputWrittenAt: 0,
      stopping: 'no',
      cancelKill: () => {},
      outputAt: 0,
      isIdleAwaited: false,
    };
    executions.set(run.id, execution);
    const { identity } = process;
    const flight = process.exit
      .then((exit) => end(execution, exit))
      .catch(options.onFatal)
      .finally(() => flights.delete(flight));
    flights.add(flight);
    if (identity !== undefined) guard(() => storage.transaction(() => storage.runs.started(run.id, identity)));
    log.info('run started', { run: run.id, agent: agent.name, pid: identity?.pid });
  }

  /** A folder that cannot be made is the agent's own trouble: starting the program in it ends as `not-started`, with what to do. */
  function ensureWorkdir(agent: Agent): void {
    try {
      options.disk.ensureFolder(agent.workdir);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      log.warn('a workdir could not be made', { agent: agent.name, workdir: agent.workdir, code });
    }
  }

  /** What comes from outside a look has no worker around it: a full disk is waited out, anything else is a bug. */
  function guard(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!isPassingStorageTrouble(error)) return options.onFatal(error);
      log.error('runner: the database cannot be written right now', { code: error.code });
    }
  }

  function onOutput(execution: Execution, chunk: Uint8Array, stream: 'stdout' | 'stderr'): void {
    const now = clock.now();
    execution.outputBytes += chunk.length;
    execution.outputAt = now;
    awaitIdle(execution);
    for (const event of execution.decoder.push(chunk, stream)) onEvent(execution, event);
    execution.spool.append(chunk);
    if (execution.run.publicationId !== null && stream === 'stdout') {
      const text = execution.decodeStdout(chunk);
      execution.lastStdout = (execution.lastStdout + text).slice(-LAST_LINE_CHARS);
    }
    if (now - execution.outputWrittenAt < OUTPUT_ROW_EVERY_MS) return;
    execution.outputWrittenAt = now;
    storage.transaction(() => storage.runs.output(execution.run.id, now, execution.outputBytes));
  }

  /** Once nothing came for a moment, an unfinished line is looked at, too: a program may print its 401 without a newline, and hang. */
  function awaitIdle(execution: Execution): void {
    if (execution.isIdleAwaited) return;
    execution.isIdleAwaited = true;
    clock.after(IDLE_MS, () => {
      execution.isIdleAwaited = false;
      if (!executions.has(execution.run.id)) return;
      if (clock.now() - execution.outputAt < IDLE_MS) return awaitIdle(execution);
      guard(() => {
        for (const event of execution.decoder.idle()) onEvent(execution, event);
      });
    });
  }

  /** The first sign counts while the agent still runs: who mistakes it for a passing trouble would go on for hours. */
  function onEvent(execution: Execution, event: RunEvent): void {
    if (event.kind !== 'auth-sign') return;
    const { run } = execution;
    storage.transaction(() => {
      const hint = event.credentialHint;
      const generations = readGenerations(run);
      custodian.sign({
        agent: run.agent,
        evidence: options.scrub(event.evidence),
        generations,
        ...(hint === undefined ? {} : { credential: hint }),
      });
      // A publisher that is cut off leaves a publication that nobody knows the end of: it may finish by itself.
      if (run.publicationId === null) storage.runs.wantStop(run.id, 'auth', clock.now());
    });
  }

  async function end(execution: Execution, exit: ProcessExit): Promise<void> {
    const { run, decoder, spool } = execution;
    execution.cancelTimeout();
    execution.cancelKill();
    // Children that outlived their agent share its group: a run that is over leaves nobody behind.
    execution.process.signal('SIGKILL');
    const outcome = decoder.end(exit);
    spool.close();
    executions.delete(run.id);
    const now = clock.now();
    const ended: EndedProgram = {
      exit,
      outcome,
      isPublication: run.publicationId !== null,
      timeoutMs: execution.agent.timeoutMs,
      scrub: options.scrub,
    };
    await writer.write(() =>
      storage.transaction(() => {
        const current = storage.runs.get(run.id) ?? run;
        if (execution.outputBytes > 0) storage.runs.output(run.id, current.outputAt ?? now, execution.outputBytes);
        settlement.settle(
          current,
          decideRunEnd(ended, current.stopReason, now),
          decidePublicationEnd(ended, execution.lastStdout, execution.stopping !== 'no'),
        );
      }),
    );
    log.info('run ended', { run: run.id, agent: run.agent, exit: describeExit(exit), outcome: outcome.kind });
  }

  function settleUnstarted(run: RunRow, reason: string): void {
    const exit: ProcessExit = { kind: 'not-started', reason };
    settlement.settle(
      run,
      { state: 'failed', failure: 'config', evidence: reason, exit: null, endedAt: clock.now() },
      { exit, lastLine: '', evidence: reason },
    );
  }

  function stop(execution: Execution): void {
    if (execution.stopping !== 'no') return;
    execution.stopping = 'asked';
    execution.process.signal('SIGTERM');
    execution.cancelKill = clock.after(GRACE_MS, () => {
      execution.stopping = 'killed';
      execution.process.signal('SIGKILL');
    });
  }

  function look(): undefined {
    for (const run of storage.runs.toStart()) {
      if (run.stopWantedAt === null) begin(run);
      else
        settlement.settle(
          run,
          { state: 'stopped', failure: null, evidence: null, exit: null, endedAt: clock.now() },
          cutShort(),
        );
    }
    for (const run of storage.runs.alive()) {
      const execution = executions.get(run.id);
      if (run.stopWantedAt !== null && execution !== undefined) stop(execution);
    }
  }

  const worker = createWorker({
    name: 'runner',
    clock,
    log,
    everyMs: 2_000,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('runs', worker.nudge);

  return {
    ...worker,
    tail: (runId, maxBytes) => new TextDecoder().decode(executions.get(runId)?.spool.tail(maxBytes)),

    async recover() {
      const interrupted = storage.runs.alive().filter((run) => run.startedAt !== null);
      for (const run of interrupted) {
        const identity =
          run.pid === null ? undefined : { pid: run.pid, startTicks: run.startTicks ?? '', bootId: run.bootId ?? '' };
        if (identity !== undefined)
          log.info('swept a run of an earlier start', {
            run: run.id,
            sweep: await options.containment.sweep({ id: run.id, identity }),
          });
        const reason = 'Nightdesk ended while it ran';
        settlement.settle(run, { state: 'lost', failure: 'lost', evidence: reason, exit: null, endedAt: clock.now() });
      }
      return interrupted.length;
    },

    /** Ends every run: publishers get the grace to finish by themselves, all others are asked at once. */
    async stop() {
      await worker.stop();
      for (const execution of executions.values()) {
        if (execution.stopping !== 'no') continue;
        guard(() =>
          storage.transaction(() => storage.runs.wantStop(execution.run.id, 'Nightdesk was stopped', clock.now())),
        );
        if (execution.run.publicationId === null) stop(execution);
        else execution.cancelKill = clock.after(GRACE_MS, () => execution.process.signal('SIGKILL'));
      }
      await Promise.all([...executions.values()].map((execution) => execution.process.exit));
      writer.stop();
      await Promise.all(flights);
    },
  };
}

/** The hash under which a run's token is stored: the token itself is in no row. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function createTextStream(): (chunk: Uint8Array) => string {
  const decoder = new TextDecoder();
  return (chunk) => decoder.decode(chunk, { stream: true });
}

function cutShort(): PublicationEnd {
  return { exit: { kind: 'not-started', reason: 'stopped before it was started' }, lastLine: '', evidence: null };
}
