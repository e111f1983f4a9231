import type { DecisionRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { FailureMode, Fleet } from '../config/fleet.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { Desk } from '../drafts/desk.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { hashToken } from '../runs/runner.ts';
import { readGenerations } from '../runs/settlement.ts';
import type { AgentDecision, GatewayRooms, RunIdentity, ToolFailure } from './gateway.ts';
import { MAX_DECISIONS } from './limits.ts';

/** Builds what agents may call out of the rooms; each call is one transaction. */
export function createGatewayRooms(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly desk: Desk;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly scrub: (text: string) => string;
}): GatewayRooms {
  const { fleet, storage, clock, scrub } = options;

  /** What the agent's failure mode bids, and whether the owner is told. A mode that waits is used up after its retries. */
  function decideAnswer(run: RunIdentity, failure: ToolFailure): { readonly answer: string; readonly tell: boolean } {
    const mode = fleet.agents
      .get(run.agent)
      ?.failureModes.find((candidate) => candidate.tool === failure.tool && candidate.on === failure.kind);
    const then: FailureMode['then'] = mode?.then ?? { kind: 'alert' };
    if (then.kind === 'skip') return { answer: 'skip', tell: false };
    if (then.kind === 'alert') return { answer: 'alert', tell: true };
    const earlier = storage.journal.of(subjectOf(run, failure), then.retry + 1).length;
    if (earlier <= then.retry - 1) return { answer: `wait ${Math.ceil(then.waitMs / 1_000)}`, tell: false };
    return then.otherwise === 'alert' ? { answer: 'alert', tell: true } : { answer: 'skip', tell: false };
  }

  function tell(run: RunIdentity, failure: ToolFailure, evidence: string): void {
    if (failure.kind === 'auth') {
      const hint = failure.credential ?? failure.tool;
      const row = storage.runs.get(run.run);
      const generations = row === undefined ? {} : readGenerations(row);
      return options.custodian.sign({
        agent: run.agent,
        evidence: `${failure.tool}: ${evidence}`,
        credential: hint,
        generations,
      });
    }
    options.incidents.report({
      kind: 'report',
      fingerprint: `report:${run.agent}:${failure.tool}:${failure.kind}`,
      subject: run.agent,
      severity: 'warning',
      title: `${run.agent} reports: ${failure.tool} failed (${failure.kind})`,
      evidence,
      agents: [run.agent],
    });
  }

  return {
    identify(token) {
      const run = storage.runs.byToken(hashToken(token));
      if (run === undefined) return { kind: 'unknown' };
      return run.state === 'starting' || run.state === 'running'
        ? { kind: 'known', run: { run: run.id, agent: run.agent } }
        : { kind: 'ended' };
    },
    submitDraft: (run, draft) => options.desk.submit({ ...draft, agent: run.agent, run: run.run }),
    beat: (run, note) =>
      storage.transaction(() => storage.runs.beat(run.run, clock.now(), note === undefined ? null : scrub(note))),
    progress: (run, text) => storage.transaction(() => storage.runs.progress(run.run, clock.now(), scrub(text))),
    reportFailure: (run, failure) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(run.agent);
        if (failure.credential !== undefined && agent?.credentials.includes(failure.credential) !== true) {
          return {
            kind: 'refused',
            reason: `${run.agent} has no credential "${failure.credential}"; it has: ${agent?.credentials.join(', ') || 'none'}`,
          };
        }
        const evidence = scrub(failure.text);
        const { answer, tell: isTold } = decideAnswer(run, failure);
        storage.journal.add({
          at: clock.now(),
          subject: subjectOf(run, failure),
          event: 'tool failed',
          actor: `agent:${run.agent}`,
          detail: evidence,
        });
        // A dead credential is told whatever the mode says: silence would go on for hours.
        if (isTold || failure.kind === 'auth') tell(run, failure, evidence);
        return { kind: 'answer', answer };
      }),
    decisions: (agent, since) => storage.drafts.decisionsOf(agent, since, MAX_DECISIONS).map(toAgentDecision),
  };
}

function subjectOf(run: RunIdentity, failure: ToolFailure): string {
  return `run:${run.run}:${failure.tool}:${failure.kind}`;
}

function toAgentDecision(row: DecisionRow): AgentDecision {
  const edited = row.verdict === 'edited';
  return {
    draft: row.draftId,
    key: row.key,
    kind: row.kind,
    to: row.recipient,
    verdict: row.verdict,
    reason: row.reason,
    body_before: edited ? row.bodyBefore : null,
    body_after: edited ? row.body : null,
    url: row.verdict === 'published' ? row.url : null,
    at: new Date(row.at).toISOString(),
  };
}
