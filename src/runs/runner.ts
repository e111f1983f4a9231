import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { RunSpending } from '../budget/run-spending.ts';
import type { Agent } from '../config/fleet.ts';
import type { Containment } from '../containment/containment.ts';
import type { Custodian } from '../credentials/custodian.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { ProcessExit, Processes, Survivor } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import type { PreparedRun } from '../runtimes/runtime.ts';
import type { SecretStream } from '../secret-stream.ts';
import { createWorker, isPassingStorageTrouble, type Worker } from '../worker.ts';
import { fillOf, mayFinish } from './context-stops.ts';
import { type Execution, startExecution } from './execution.ts';
import { identityOf, type Orphans } from './orphans.ts';
import { decidePublicationEnd, decideRunEnd, describeExit, type EndedProgram, FINISHED } from './run-end.ts';
import { buildRunEnvironment, type RunEnvironmentParts } from './run-environment.ts';
import { createRunEvents } from './run-events.ts';
import type { RunKeeper } from './run-keeper.ts';
import { createRunPreparation, type PreparationParts } from './run-preparation.ts';
import { CONTROL_PLANE_STOPPED } from './session-choice.ts';
import type { RunSigns } from './signs.ts';
import type { PublicationEnd, Settlement } from './settlement.ts';
import { createScrubbedSpool } from './scrubbed-spool.ts';
import { createSpool, decideSpoolLimits } from './spool.ts';
import type { ToolFailures } from './tool-failures.ts';

/** How often what a run says and uses is written down: /status shows it to the nearest seconds, and a row a line would cost the disk. */
const OUTPUT_ROW_EVERY_MS = 5_000;
/** What is read of a run's output when its work is written down without a model. */
const CLOSING_TAIL_BYTES = 256 * 1024;
/** How often what could not be ended is tried again. */
const SWEEP_AGAIN_MS = 60_000;

/** The runner, and the last lines of what runs. */
export interface Runner extends Worker {
  /** Settles the runs that an earlier incarnation left behind, after ending what is left of them; gives their number. */
  recover(): Promise<number>;
  /** Has the agent of a run read a text in the middle of its work, where it can. */
  tell(runId: number, text: string): void;
  /** The newest output of a run that is alive; empty for any other. */
  tail(runId: number, maxBytes: number): string;
  /** What a run that is alive says of its being so; undefined for any other. */
  signs(runId: number): LiveSigns | undefined;
  /** The clock was set back: nothing was said later than now. */
  noProofLaterThan(now: number): void;
}

/** The signs of a run that is alive, newer than its row. */
export interface LiveSigns extends RunSigns {
  /** Epoch ms; 0: it has said nothing yet. */
  readonly outputAt: number;
  readonly outputBytes: number;
  readonly costMicroUsd: number | null;
  /** Whether its agent would read a question now. */
  readonly canBeAsked: boolean;
}

/** What an agent is asked that has given no sign for long. */
const ASK = 'Nightdesk asks for a sign of life: call the `beat` tool, then go on with your work.';

/**
 * The effector of runs: starts what is `starting`, stops what shall stop, settles what ended.
 *
 * Each look: 1. sends TERM, and after the grace KILL, to the runs that are asked to stop; 2. starts the runs that wait for it, after their
 * row is claimed; 3. gives CLIs the answers to their permission requests, and asks those that shall be asked for a sign of life; 4. sweeps
 * again what could not be ended.
 * A run's end is settled once, whatever way it came, and only after its tree is swept.
 */
export function createRunner(
  options: Omit<PreparationParts, 'mcpUrl'> & {
    readonly processes: Processes;
    readonly containment: Containment;
    /** False while the disk has too little room for more output. */
    readonly mayWriteLogs: () => boolean;
    /** Hears of each log that was closed, and of how much its run had said. */
    readonly onLogClosed: (path: string, outputBytes: number) => void;
    readonly custodian: Custodian;
    readonly settlement: Settlement;
    readonly keeper: RunKeeper;
    readonly incidents: IncidentRegister;
    readonly questions: Questions;
    readonly toolFailures: ToolFailures;
    readonly spending: RunSpending;
    readonly orphans: Orphans;
    readonly environment: RunEnvironmentParts;
    /** Looks whether the files of a publication are what was approved; undefined: there are none. Resolves to what is wrong. */
    readonly checkMedia?: (publicationId: number) => Promise<string | undefined> | undefined;
    readonly scrub: (text: string) => string;
    /** Makes a secret known to `scrub`. */
    readonly learnSecret: (secret: string) => void;
    /** Takes the secrets of others that a run may know, and these, out of its log. */
    readonly openSecretStream: (own: readonly string[]) => SecretStream;
    readonly onFatal: (error: unknown) => void;
  },
): Runner {
  const { fleet, storage, clock, log, settlement, questions, containment } = options;
  const executions = new Map<number, Execution>();
  const flights = new Set<Promise<void>>();
  const writer = createPatientWriter({ name: 'runner', clock, log });
  const events = createRunEvents(options);
  const prepare = createRunPreparation({ ...options, mcpUrl: `${options.environment.gatewayUrl}/mcp` });
  const spoolLimits = decideSpoolLimits(fleet.logs.totalBytes, fleet.concurrency);
  const rowWrittenAt = new WeakMap<Execution, number>();
  const awaitsRow = new WeakSet<Execution>();
  /** Publications' runs whose files are, or were, looked at; only those that have not begun. */
  const checkedFiles = new Map<number, { readonly isOver: boolean; readonly fault?: string | undefined }>();
  /** Which wish for a sign of life each was asked for. */
  const asked = new WeakMap<Execution, number>();
  /** Which wish for its WORKSTATE.md each was told of. */
  const toldToWrite = new WeakMap<Execution, number>();
  /** By the monotonic clock. */
  let sweptAgainAt = Number.NEGATIVE_INFINITY;

  function begin(run: RunRow): void {
    const files = checkFiles(run);
    if (files === 'under way') return;
    if (files !== undefined) return settleUnstarted(run, files);
    const preparation = prepare(run);
    if (preparation.kind === 'refused') return settleUnstarted(run, preparation.reason);
    const token = options.random.token(32);
    options.learnSecret(token);
    const claim = {
      startedAt: clock.now(),
      tokenHash: hashToken(token),
      logPath: logPathOf(run),
      containment: containment.name,
      cliVersion: preparation.cliVersion,
      resumeToken: null,
    };
    if (!storage.transaction(() => storage.runs.claim(run.id, claim))) return;
    start({ ...run, startedAt: claim.startedAt }, preparation.agent, preparation.run, token);
  }

  /**
   * Looks whether the files of a publication are what was approved, aside of the look: the run begins, or fails, at the one after. Gives
   * what is wrong; undefined: nothing.
   */
  function checkFiles({ id, publicationId }: RunRow): string | 'under way' | undefined {
    const known = checkedFiles.get(id);
    if (known !== undefined) {
      if (known.isOver) checkedFiles.delete(id);
      return known.isOver ? known.fault : 'under way';
    }
    const check = publicationId === null ? undefined : options.checkMedia?.(publicationId);
    if (check === undefined) return undefined;
    checkedFiles.set(id, { isOver: false });
    follow(
      check.then((fault) => {
        checkedFiles.set(id, { isOver: true, fault });
        worker.nudge();
      }),
    );
    return 'under way';
  }

  function logPathOf(run: RunRow): string {
    return join(fleet.home, 'logs', run.agent, `${run.id}.log`);
  }

  function start(run: RunRow, agent: Agent, { spawn, decoder }: PreparedRun, token: string): void {
    const request = {
      argv: spawn.argv,
      cwd: agent.workdir,
      env: buildRunEnvironment(agent, { id: run.id, token, wanted: spawn.env ?? {} }, options.environment),
      ...(spawn.stdin === undefined ? {} : { stdin: spawn.stdin }),
      ...(spawn.keepsInputOpen === undefined ? {} : { keepsInputOpen: spawn.keepsInputOpen }),
    };
    const execution = startExecution({
      run,
      agent,
      decoder,
      request: containment.wrap(request, run.id),
      spool: createScrubbedSpool(
        createSpool(options.disk.openLog(logPathOf(run)), { ...spoolLimits, clock, mayWrite: options.mayWriteLogs }),
        { clock, openStream: () => options.openSecretStream([token]) },
      ),
      processes: options.processes,
      clock,
      guard,
      onEvent: events.take,
      onOutput,
      onLate,
    });
    executions.set(run.id, execution);
    const { identity, exit } = execution.process;
    follow(exit.then((ended) => end(execution, ended)));
    if (identity !== undefined) writeSoon(() => storage.runs.started(run.id, identity));
    log.info('run started', { run: run.id, agent: agent.name, pid: identity?.pid });
  }

  /** Keeps track of what goes on beside the looks, so that stopping can wait for it. */
  function follow(work: Promise<void>): void {
    const flight = work.catch(options.onFatal).finally(() => flights.delete(flight));
    flights.add(flight);
  }

  /** Writes down what happens once: nothing would bring it up again. */
  function writeSoon(change: () => void): void {
    follow(writer.write(() => storage.transaction(change)));
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

  /** What it said last is written down also when nothing follows: an agent that waits for its model may be silent for long. */
  function onOutput(execution: Execution): void {
    const sinceMs = clock.now() - (rowWrittenAt.get(execution) ?? 0);
    if (sinceMs < 0 || sinceMs >= OUTPUT_ROW_EVERY_MS) return writeRow(execution);
    if (awaitsRow.has(execution)) return;
    awaitsRow.add(execution);
    clock.after(OUTPUT_ROW_EVERY_MS - sinceMs, () => {
      awaitsRow.delete(execution);
      if (executions.has(execution.run.id)) guard(() => writeRow(execution));
    });
  }

  function writeRow(execution: Execution): void {
    rowWrittenAt.set(execution, clock.now());
    storage.transaction(() => writeCounts(execution, execution.outputAt));
  }

  function writeCounts({ run, usage, outputBytes, signs }: Execution, outputAt: number): void {
    storage.runs.output(run.id, outputAt, outputBytes);
    const livelyAt = signs.livelyAt();
    if (livelyAt !== undefined) storage.runs.lively(run.id, livelyAt);
    if (Object.values(usage).some((known) => known !== null)) storage.runs.usage(run.id, usage);
  }

  function onLate({ run }: Execution, why: 'timeout' | 'stuck' | 'lingers'): void {
    const reason = why === 'lingers' ? FINISHED : why;
    writeSoon(() => void storage.runs.wantStop(run.id, reason, clock.now()));
  }

  async function end(execution: Execution, exit: ProcessExit): Promise<void> {
    const { run, agent, decoder, spool, process } = execution;
    execution.close();
    const outcome = decoder.end(exit);
    // A run that is over leaves nobody behind: its row stays alive until that is verified, so that nothing else starts in its folder.
    const report = await containment.sweep({ id: run.id, identity: process.identity });
    const closing = await options.keeper.close(run, {
      tail: () => new TextDecoder().decode(spool.tail(CLOSING_TAIL_BYTES)),
      wasTold: toldToWrite.has(execution),
    });
    spool.close();
    executions.delete(run.id);
    const now = clock.now();
    const ended: Omit<EndedProgram, 'silence'> = {
      exit,
      outcome,
      isPublication: run.publicationId !== null,
      timeoutMs: agent.timeoutMs,
      scrub: options.scrub,
    };
    await writer.write(() =>
      storage.transaction(() => {
        events.end(execution);
        const current = closing.keep(storage.runs.get(run.id) ?? run, outcome.kind === 'done');
        // Why it was taken for stuck: by the vigil, which wrote it down, or by what its decoder waited for.
        const silence = execution.silence ?? current.evidence ?? undefined;
        if (execution.outputBytes > 0) writeCounts(execution, execution.outputAt);
        const runEnd = decideRunEnd({ ...ended, silence }, current.stopReason, now);
        settlement.settle(current, runEnd, decidePublicationEnd(ended, execution.lastStdout, execution.isStopping));
        closing.follow(current, runEnd);
        options.orphans.swept(current, report);
      }),
    );
    closing.settled();
    options.onLogClosed(logPathOf(run), execution.outputBytes);
    log.info('run ended', {
      run: run.id,
      agent: run.agent,
      exit: describeExit(exit),
      outcome: outcome.kind,
      sweep: report.kind,
    });
  }

  async function readLogEnd(run: RunRow): Promise<string> {
    const bytes = run.logPath === null ? undefined : await options.disk.readLog(run.logPath, CLOSING_TAIL_BYTES);
    return bytes === undefined ? '' : new TextDecoder().decode(bytes);
  }

  function settleUnstarted(run: RunRow, reason: string): void {
    const exit: ProcessExit = { kind: 'not-started', reason };
    settlement.settle(
      run,
      { state: 'failed', failure: 'config', evidence: reason, exit: null, endedAt: clock.now() },
      { exit, lastLine: '', evidence: reason },
    );
  }

  function answerRequests(execution: Execution): void {
    for (const { id, request, permission, reason } of questions.undelivered(execution.run.id)) {
      execution.answer(request, permission, reason);
      questions.delivered(id);
    }
  }

  function askForSign(execution: Execution, { askedAt }: RunRow): void {
    if (askedAt === null || asked.get(execution) === askedAt) return;
    asked.set(execution, askedAt);
    execution.ask(ASK);
  }

  function tellToWrite(execution: Execution, run: RunRow): void {
    const { flushAskedAt } = run;
    if (flushAskedAt === null || toldToWrite.get(execution) === flushAskedAt) return;
    if (execution.ask(options.keeper.words(run))) toldToWrite.set(execution, flushAskedAt);
  }

  /** What has passed its `stop` goes no further, also while no row can say so. */
  function stopOverfull(execution: Execution): void {
    const percent = fillOf(execution.usage);
    const isOver = percent !== undefined && percent >= execution.agent.context.stopPercent;
    if (isOver && execution.run.publicationId === null) execution.stop();
  }

  function sweepAgain(): void {
    const { orphans } = options;
    const open = orphans.open();
    const stranded = orphans.stranded();
    if (open.length + stranded.length === 0 || clock.monotonic() - sweptAgainAt < SWEEP_AGAIN_MS) return;
    sweptAgainAt = clock.monotonic();
    follow(
      (async () => {
        for (const run of open) {
          const report = await containment.sweep(run);
          await writer.write(() => orphans.sweptAgain(run.id, report));
        }
        for (const process of stranded) {
          const { pid, startTicks, bootId } = process;
          const report = await options.processes.sweep({ identity: { pid, startTicks, bootId } });
          await writer.write(() => orphans.strandedSwept(process, report));
        }
      })(),
    );
  }

  function look(): undefined {
    const alive = storage.runs.alive();
    // Before anything that has to be written: what is asked to stop is stopped on a full disk, too.
    for (const run of alive)
      if (run.stopWantedAt !== null && !mayFinish(run, clock.now())) executions.get(run.id)?.stop();
    for (const execution of executions.values()) stopOverfull(execution);
    for (const execution of executions.values()) events.retry(execution);
    for (const run of storage.runs.toStart()) {
      if (run.stopWantedAt === null) begin(run);
      else
        settlement.settle(
          run,
          { state: 'stopped', failure: null, evidence: null, exit: null, endedAt: clock.now() },
          cutShort(),
        );
    }
    for (const run of alive) {
      const execution = executions.get(run.id);
      if (execution === undefined || (run.stopWantedAt !== null && !mayFinish(run, clock.now()))) continue;
      answerRequests(execution);
      if (run.stopWantedAt !== null) continue;
      askForSign(execution, run);
      tellToWrite(execution, run);
    }
    sweepAgain();
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
    signs(runId) {
      const execution = executions.get(runId);
      if (execution === undefined) return undefined;
      const { signs, outputAt, outputBytes, usage, decoder } = execution;
      const { costMicroUsd } = usage;
      return { ...signs, outputAt, outputBytes, costMicroUsd, canBeAsked: decoder.ask(ASK) !== undefined };
    },

    noProofLaterThan(now) {
      for (const execution of executions.values()) execution.noLaterThan(now);
    },

    tell: (runId, text) => void executions.get(runId)?.ask(text),

    tail: (runId, maxBytes) => new TextDecoder().decode(executions.get(runId)?.spool.tail(maxBytes)),

    async recover() {
      const interrupted = storage.runs.alive().filter((run) => run.startedAt !== null);
      // Before anything is waited for: an answer that is given while the sweeps go on would reach nobody.
      for (const run of interrupted) questions.withdraw(run.id);
      const survivors: Survivor[] = [];
      for (const run of options.orphans.open()) {
        const report = await containment.sweep(run);
        survivors.push(...report.survivors);
        options.orphans.sweptAgain(run.id, report);
      }
      for (const run of interrupted) {
        const report = await containment.sweep({ id: run.id, identity: identityOf(run) });
        survivors.push(...report.survivors);
        log.info('swept a run of an earlier start', { run: run.id, sweep: report.kind });
        const closing = await options.keeper.close(run, { tail: async () => await readLogEnd(run), wasTold: true });
        storage.transaction(() => {
          const reason = 'Nightdesk ended while it ran';
          const end: RunEnd = {
            state: 'lost',
            failure: 'lost',
            evidence: reason,
            exit: null,
            endedAt: clock.now(),
          };
          const current = closing.keep(storage.runs.get(run.id) ?? run, false);
          settlement.settle(current, end);
          closing.follow(current, end);
          options.orphans.swept(run, report);
        });
        closing.settled();
      }
      options.orphans.sweptAll(await containment.sweepAll(), survivors);
      // A drill's run is told of by the drill.
      return interrupted.filter(({ agent }) => !isDrillAgent(agent)).length;
    },

    /** Ends every run: publishers get the grace to finish by themselves, all others are asked at once. */
    async stop() {
      await worker.stop();
      for (const execution of executions.values()) {
        if (execution.isStopping) continue;
        guard(() =>
          storage.transaction(() => storage.runs.wantStop(execution.run.id, CONTROL_PLANE_STOPPED, clock.now())),
        );
        if (execution.run.publicationId === null) execution.stop();
        else execution.limit();
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

function cutShort(): PublicationEnd {
  return { exit: { kind: 'not-started', reason: 'stopped before it was started' }, lastLine: '', evidence: null };
}
