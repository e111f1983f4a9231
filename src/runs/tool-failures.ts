import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { decideBid, type FailureKind, findToolMode, kindOfToolError } from './failure-modes.ts';
import { readGenerations } from './settlement.ts';

/** A failure of a tool as its agent reported it. */
export interface ReportedFailure {
  readonly tool: string;
  readonly kind: FailureKind;
  /** The credential that the tool used, where the agent knows it. */
  readonly credential?: string;
  readonly text: string;
}

/** Keeps the failure modes of fleet.yaml: every call is one transaction. */
export interface ToolFailures {
  /** An agent reports a failure: the answer is what its failure mode bids, `alert`, `wait SECONDS` or `skip`. */
  report(
    run: { readonly run: number; readonly agent: string },
    failure: ReportedFailure,
  ): { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'refused'; readonly reason: string };
  /**
   * A run's own stream shows a failed call. Only a tool with a failure mode of this kind is looked at; its second failure after an alert
   * is a silent retry and ends the run. `begunAt` (epoch ms): calls that were made side by side fail once.
   */
  seen(run: RunRow, tool: string, error: string, begunAt?: number): void;
}

/** What the journal calls a failure; those that are the same call as the row before them do not count. */
const EVENT = {
  reported: 'tool failed',
  seen: 'tool seen failing',
  reportedAsSeen: 'tool failed, as seen',
  seenAsReported: 'tool seen failing, as reported',
  seenBeside: 'tool seen failing, beside another call',
} as const;

/** An agent reports what its stream has shown within this time; later it is another failure. */
const SAME_CALL_MS = 60_000;
/** Failures this close are of calls that were made side by side: a model takes longer to try again. */
const BESIDE_MS = 1_000;
/** Rows of one tool's failures in one run that are looked at: more than any mode's retries (at most 100) and their doubles. */
const LOOKED_AT = 400;

/** Builds the keeper of failure modes. */
export function createToolFailures(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly scrub: (text: string) => string;
}): ToolFailures {
  const { fleet, storage, clock, scrub } = options;

  function note(subject: string, event: string, agent: string, detail: string): void {
    storage.journal.add({ at: clock.now(), subject, event, actor: `agent:${agent}`, detail });
  }

  /** Failures of before that count, and what the newest row says. */
  function history(subject: string) {
    const rows = storage.journal.of(subject, LOOKED_AT);
    const [last] = rows;
    const counted = rows.filter(({ event }) => event === EVENT.reported || event === EVENT.seen);
    const isRecent = last !== undefined && Math.abs(clock.now() - last.at) <= SAME_CALL_MS;
    return { counted, last: isRecent ? last.event : undefined };
  }

  function tell(agent: string, failure: ReportedFailure, generations: Readonly<Record<string, number>>): void {
    if (failure.kind === 'auth') {
      return void options.custodian.sign({
        agent,
        evidence: `${failure.tool}: ${failure.text}`,
        credential: failure.credential ?? failure.tool,
        generations,
      });
    }
    options.incidents.report({
      kind: 'report',
      fingerprint: `report:${agent}:${failure.tool}:${failure.kind}`,
      subject: agent,
      severity: 'warning',
      title: `${agent} reports: ${failure.tool} failed (${failure.kind})`,
      evidence: failure.text,
      agents: [agent],
    });
  }

  return {
    report: (run, failure) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(run.agent);
        if (failure.credential !== undefined && agent?.credentials.includes(failure.credential) !== true) {
          return {
            kind: 'refused',
            reason: `${run.agent} has no credential "${failure.credential}"; it has: ${agent?.credentials.join(', ') || 'none'}`,
          };
        }
        const mode = agent === undefined ? undefined : findToolMode(agent, failure.tool, failure.kind);
        const tool = mode?.tool ?? failure.tool;
        const subject = subjectOf(run.run, tool, failure.kind);
        const { counted, last } = history(subject);
        const isSame = last === EVENT.seen || last === EVENT.seenBeside;
        const bid = decideBid(mode?.then ?? { kind: 'alert' }, counted.length - (isSame ? 1 : 0));
        const text = scrub(failure.text);
        note(subject, isSame ? EVENT.reportedAsSeen : EVENT.reported, run.agent, text);
        // A dead credential is told whatever the mode says: silence would go on for hours.
        const isTold = bid.kind === 'alert' ? !isSame : failure.kind === 'auth';
        const row = storage.runs.get(run.run);
        if (isTold) tell(run.agent, { ...failure, tool, text }, row === undefined ? {} : readGenerations(row));
        return {
          kind: 'answer',
          answer: bid.kind === 'wait' ? `wait ${Math.ceil(bid.waitMs / 1_000)}` : bid.kind,
        };
      }),

    seen: (run, streamTool, error, begunAt) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(run.agent);
        const kind = kindOfToolError(error);
        const mode = agent === undefined ? undefined : findToolMode(agent, streamTool, kind);
        if (mode === undefined || mode.then.kind === 'skip') return;
        const { tool } = mode;
        const subject = subjectOf(run.id, tool, kind);
        const text = scrub(error);
        const { counted, last } = history(subject);
        if (last === EVENT.reported) return note(subject, EVENT.seenAsReported, run.agent, text);
        const failedAt = counted[0]?.at;
        if (failedAt !== undefined && (begunAt ?? clock.now() - BESIDE_MS) <= failedAt)
          return note(subject, EVENT.seenBeside, run.agent, text);
        note(subject, EVENT.seen, run.agent, text);
        const bid = decideBid(mode.then, counted.length);
        if (bid.kind !== 'alert') return;
        if (!bid.isRepeated) return tell(run.agent, { tool, kind, text }, readGenerations(run));
        // A publisher that is cut off leaves a publication that nobody knows the end of.
        if (run.publicationId === null)
          storage.runs.wantStop(run.id, `it used ${tool} again after a failure that only you can mend`, clock.now());
      }),
  };
}

function subjectOf(run: number, tool: string, kind: FailureKind): string {
  return `run:${run}:${tool}:${kind}`;
}
