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
import { createFileChecks } from './file-checks.ts';
import { identityOf, type Orphans } from './orphans.ts';
import { createOutputRows } from './output-rows.ts';
import { decidePublicationEnd, decideRunEnd, describeExit, type EndedProgram, FINISHED } from './run-end.ts';
import { buildRunEnvironment, type RunEnvironmentParts } from './run-environment.ts';
import { createRunEvents } from './run-events.ts';
import type { RunKeeper } from './run-keeper.ts';
import { createRunPreparation, type PreparationParts } from './run-preparation.ts';
import { createRunTalk } from './run-talk.ts';
import { hashToken } from './run-token.ts';
import { CONTROL_PLANE_STOPPED } from './session-choice.ts';
import type { RunSigns } from './signs.ts';
import type { PublicationEnd, Settlement } from './settlement.ts';
import { createScrubbedSpool } from './scrubbed-spool.ts';
import { createSpool, decideSpoolLimits } from './spool.ts';
import { createSweepAgain } from './sweep-again.ts';
import type { ToolFailures } from './tool-failures.ts';

/** What is read of a run's output when its work is written down without a model. */
const CLOSING_TAIL_BYTES = 256 * 1024;

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
  const talk = createRunTalk(options);
  const sweepAgain = createSweepAgain({ ...options, writer });
  const fileChecks = createFileChecks({ check: options.checkMedia, follow, onOver: () => worker.nudge() });
  const outputRows = createOutputRows({
    storage,
    clock,
    isAlive: (execution) => executions.has(execution.run.id),
    guard,
  });

  function begin(run: RunRow): void {
    const files = fileChecks.look(run);
    if (files.kind === 'under way') return;
    if (files.kind === 'wrong') return settleUnstarted(run, files.reason);
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
        createSpool(options.disk.openLog(logPathOf(run)), {
          ...decideSpoolLimits(fleet.logs.totalBytes, fleet.concurrency),
          clock,
          mayWrite: options.mayWriteLogs,
        }),
        { clock, openStream: () => options.openSecretStream([token]) },
      ),
      processes: options.processes,
      clock,
      guard,
      onEvent: events.take,
      onOutput: outputRows.heard,
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
      wasTold: talk.wasToldToWrite(execution),
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
        if (execution.outputBytes > 0) outputRows.write(execution);
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

  /** What has passed its `stop` goes no further, also while no row can say so. */
  function stopOverfull(execution: Execution): void {
    const percent = fillOf(execution.usage);
    const isOver = percent !== undefined && percent >= execution.agent.context.stopPercent;
    if (isOver && execution.run.publicationId === null) execution.stop();
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
      talk.answer(execution);
      if (run.stopWantedAt === null) talk.say(execution, run);
    }
    const sweep = sweepAgain();
    if (sweep !== undefined) follow(sweep);
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
      return { ...signs, outputAt, outputBytes, costMicroUsd, canBeAsked: talk.canBeAsked(decoder) };
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

function cutShort(): PublicationEnd {
  return { exit: { kind: 'not-started', reason: 'stopped before it was started' }, lastLine: '', evidence: null };
}
