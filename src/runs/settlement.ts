import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { RunMoney } from '../budget/run-money.ts';
import { writeUntoldCost } from '../budget/untold-cost.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import {
  busyDelayMs,
  decideAfterFailure,
  type FailureResponse,
  failureDelayMs,
  TALLY_WINDOW_MS,
} from '../loop/backoff.ts';
import type { Clock, ProcessExit, Random } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';
import { decideBid, findModelMode } from './failure-modes.ts';
import { createModelLimits } from './model-limits.ts';
import { createUnknownFailures } from './unknown-failures.ts';

/** As many runs back as are counted: more than the retries of any mode (at most 100). */
const COUNTED_RUNS = 102;

/** How a publisher's run ended, as the desk needs to know it. */
export interface PublicationEnd {
  /** How the program ended; `lost` when nobody can know. */
  readonly exit: ProcessExit | { readonly kind: 'lost' };
  /** The last non-empty line of stdout. */
  readonly lastLine: string;
  readonly evidence: string | null;
}

/** What the settlement asks of the desk. */
export interface PublisherDesk {
  publicationEnded(publicationId: number, end: PublicationEnd): void;
}

/** What the settlement asks of the questions: a run that is over waits for no answer. */
export interface RunQuestions {
  withdraw(runId: number): void;
}

/** What the settlement asks of the tasks: a run that is over has none any more. */
export interface RunTasks {
  runEnded(run: RunRow, end: RunEnd): void;
}

/** Settles runs: one transaction holds the run's end and all that follows from it. */
export interface Settlement {
  settle(run: RunRow, end: RunEnd, publication?: PublicationEnd): void;
}

/** Builds the settlement. */
export function createSettlement(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly desk: PublisherDesk;
  readonly questions: RunQuestions;
  readonly money: RunMoney;
  readonly tasks: RunTasks;
}): Settlement {
  const { fleet, storage, clock, custodian, incidents, desk } = options;
  const limits = createModelLimits(options);
  const unknown = createUnknownFailures(options);

  function afterGood(run: RunRow): void {
    const agent = fleet.agents.get(run.agent);
    if (agent === undefined) return;
    custodian.proved(agent, readGenerations(run));
    if (run.cause === 'trial') custodian.trialEnded(run.agent, run.startedAt ?? run.wantedAt);
    // A limit that another agent ran into while this one was at work still stands.
    const backoff = backoffOf(run.agent);
    if (backoff !== undefined && backoff.since <= (run.startedAt ?? run.wantedAt))
      storage.holds.release(run.agent, 'backoff', '', clock.now());
    limits.ranWell(run);
    unknown.ranWell(run);
    incidents.close(crashFingerprint(run.agent));
    if (storage.holds.release(run.agent, 'crash-loop', '', clock.now()))
      incidents.resolve(loopFingerprint(run.agent), 'It ran well again.');
  }

  function backoffOf(agent: string) {
    return storage.holds.active().find((hold) => hold.agent === agent && hold.kind === 'backoff');
  }

  function isHeld(agent: string): boolean {
    return storage.holds.active().some((hold) => hold.agent === agent && hold.kind === 'crash-loop');
  }

  /** A longer pause stands, such as the rest of a usage limit. */
  function pause(agent: string, delayMs: number): void {
    const now = clock.now();
    if ((backoffOf(agent)?.until ?? 0) >= now + delayMs) return;
    const until = now + delayMs;
    storage.holds.place({ agent, kind: 'backoff', subject: '', reason: 'it failed', since: now, until });
  }

  /** The agent's failed runs at the end of its history, this one included, for which `isAlike` holds. */
  function timesInARow(agent: string, isAlike: (failure: string) => boolean): number {
    const runs = storage.runs.recent(agent, COUNTED_RUNS);
    const other = runs.findIndex(({ state, failure }) => state !== 'failed' || !isAlike(failure ?? ''));
    return other === -1 ? runs.length : other;
  }

  /** What fleet.yaml bids for failures of the CLI's own model calls; undefined: nothing. A refused login is told whatever it bids. */
  function bidOf(agent: Agent | undefined, failure: string) {
    const mode = agent === undefined || failure === 'auth' ? undefined : findModelMode(agent, failure);
    if (agent === undefined || mode === undefined) return undefined;
    const times = timesInARow(agent.name, (other) => findModelMode(agent, other) === mode);
    return { ...decideBid(mode.then, times - 1), waits: mode.then.kind === 'wait' ? mode.then.retry : 0 };
  }

  /** 1. What fleet.yaml bids; 2. limits of the model; 3. the agent's own trouble, alone or like others'. */
  function afterFailure(run: RunRow, end: RunEnd): void {
    const agent = fleet.agents.get(run.agent);
    const failure = end.failure ?? '';
    const fraction = options.random.fraction();
    const bid = bidOf(agent, failure);
    if (bid?.kind === 'wait') return pause(run.agent, bid.waitMs);
    if (bid?.kind === 'skip') {
      // One that runs without pause would fail each second.
      const times = timesInARow(run.agent, () => true);
      if (agent?.schedule.kind === 'continuous') pause(run.agent, failureDelayMs(times, fraction));
      return;
    }
    if (agent !== undefined && agent.runtime !== 'command' && isBusy(failure)) {
      const retryAt = failure === 'rate-limit' ? (end.retryAt ?? undefined) : undefined;
      if (retryAt !== undefined) return limits.reached(run, end, retryAt);
      pause(run.agent, busyDelayMs(timesInARow(run.agent, isBusy), fraction));
      return limits.busy(run, end);
    }
    const failures = storage.runs.failuresInARow(run.agent, clock.now() - TALLY_WINDOW_MS);
    afterTrouble(run, end, Math.max(1, failures - (bid?.waits ?? 0)), fraction);
  }

  function afterTrouble(run: RunRow, end: RunEnd, failures: number, fraction: number): void {
    const isTold = endedByVigil(run);
    // A stuck run is begun anew at once; one that gets stuck again and again is not.
    if (isTold && (failures <= 1 || isHeld(run.agent))) return;
    const alike = unknown.failed(run, end);
    // What hits several agents is not the fault of one: it goes on trying, and heals by itself.
    const response: FailureResponse =
      alike === 'outage'
        ? { kind: 'backoff', delayMs: failureDelayMs(failures, fraction) }
        : decideAfterFailure(failures, fraction);
    const how = `${end.failure ?? 'failed'}${end.exit === null ? '' : ` (${end.exit})`}`;
    const evidence = end.evidence ?? how;
    if (response.kind === 'crash-loop') return afterCrashLoop(run, failures, how, evidence);
    pause(run.agent, response.delayMs);
    if (isTold) return;
    if (alike !== 'alone') {
      // Its card turns green, but nothing is well: it says where that is told now.
      for (const agent of unknown.agentsWith(end)) {
        incidents.note(crashFingerprint(agent), 'It still fails, as others do: that is an incident of its own now.');
        incidents.close(crashFingerprint(agent));
      }
      return;
    }
    incidents.report({
      kind: 'crash',
      fingerprint: crashFingerprint(run.agent),
      subject: run.agent,
      severity: 'warning',
      title: `${run.agent} failed: ${end.failure ?? 'unknown'}`,
      evidence,
      agents: [run.agent],
      note: `${how}. It is tried again no earlier than in ${duration(response.delayMs)}; after six failures in a row it is held.`,
    });
  }

  function afterCrashLoop(run: RunRow, failures: number, how: string, evidence: string): void {
    storage.holds.place({
      agent: run.agent,
      kind: 'crash-loop',
      subject: '',
      reason: 'it failed too often',
      since: clock.now(),
      until: null,
    });
    incidents.close(crashFingerprint(run.agent));
    unknown.supersede(run.agent);
    incidents.report({
      kind: 'crash-loop',
      fingerprint: loopFingerprint(run.agent),
      subject: run.agent,
      severity: 'critical',
      title: `${run.agent} failed ${failures} times within an hour`,
      evidence,
      agents: [run.agent],
      note: `It is held until you press Restart or send /resume ${run.agent}. Last failure: ${how}.`,
    });
  }

  return {
    settle: (run, end, publication) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(run.agent);
        const refused = end.failure === 'auth';
        const generations = readGenerations(run);
        // A run that was stopped for its sign has given it already.
        if (refused && run.stopReason !== 'auth') {
          custodian.sign({ agent: run.agent, evidence: end.evidence ?? 'refused', generations });
        }
        const explained = refused && agent !== undefined && custodian.explainsRefusal(agent, generations);
        if (!storage.runs.settle(run.id, refused && !explained ? { ...end, failure: 'unknown' } : end)) return;
        options.questions.withdraw(run.id);
        writeUntoldCost(options, storage.runs.get(run.id) ?? run);
        const isOutOfMoney = options.money.settled(storage.runs.get(run.id) ?? run);
        options.tasks.runEnded(run, end);
        if (run.publicationId !== null) {
          desk.publicationEnded(
            run.publicationId,
            publication ?? { exit: { kind: 'lost' }, lastLine: '', evidence: end.evidence },
          );
          if (end.state !== 'done' || agent === undefined) return;
          custodian.proved(agent, readGenerations(run));
          custodian.trialEnded(agent.name, run.startedAt ?? run.wantedAt);
          return;
        }
        if (end.state === 'done') afterGood(run);
        else if (end.state === 'failed' && !explained && !isOutOfMoney) afterFailure(run, end);
      }),
  };
}

/** Whether the vigil had the run ended: its own incident tells of it already. Only the vigil writes evidence of a run that is alive. */
function endedByVigil(run: RunRow): boolean {
  return run.stopReason === 'stuck' && run.evidence !== null;
}

/** The generation of each credential that the run was started with. */
export function readGenerations(run: Pick<RunRow, 'generations'>): Readonly<Record<string, number>> {
  return JSON.parse(run.generations) as Record<string, number>;
}

function isBusy(failure: string): boolean {
  return failure === 'rate-limit' || failure === 'overloaded';
}

function crashFingerprint(agent: string): string {
  return `crash:${agent}`;
}

/** Fingerprint of the incident that a crash-looping agent opens; the owner's /resume closes it. */
export function loopFingerprint(agent: string): string {
  return `crash-loop:${agent}`;
}
