import type { DecisionRow } from '../../storage/decision-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Desk } from '../drafts/desk.ts';
import type { MediaRoom } from '../drafts/media-room.ts';
import type { Clock } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import { createAnswerWait } from '../questions/waiting.ts';
import { hashToken } from '../runs/run-token.ts';
import type { ToolFailures } from '../runs/tool-failures.ts';
import type { Checkpoints } from '../work/checkpoints.ts';
import type { TaskCalls } from '../work/tasks.ts';
import type { AgentDecision, GatewayRooms, RunIdentity } from './contract.ts';
import { MAX_DECISIONS } from './limits.ts';

/** Builds what agents may call out of the rooms; each call is one transaction. */
export function createGatewayRooms(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly desk: Desk;
  readonly media: Pick<MediaRoom, 'take'>;
  readonly toolFailures: ToolFailures;
  readonly questions: Questions;
  readonly tasks: TaskCalls;
  readonly checkpoints: Pick<Checkpoints, 'submit'>;
  readonly scrub: (text: string) => string;
}): GatewayRooms {
  const { storage, clock, scrub } = options;

  /** A step that its agent declares to be long; it ends with the run's timeout at the latest. */
  function waitPatiently({ run, agent }: RunIdentity, now: number, forMs: number): { cutToMs: number } | undefined {
    const startedAt = storage.runs.get(run)?.startedAt ?? now;
    const leftMs = startedAt + (options.fleet.agents.get(agent)?.timeoutMs ?? forMs) - now;
    storage.runs.patient(run, now + Math.min(forMs, leftMs));
    return leftMs < forMs ? { cutToMs: Math.max(0, leftMs) } : undefined;
  }

  return {
    identify(token) {
      const run = storage.runs.byToken(hashToken(token));
      if (run === undefined) return { kind: 'unknown' };
      return run.state === 'starting' || run.state === 'running'
        ? { kind: 'known', run: { run: run.id, agent: run.agent } }
        : { kind: 'ended' };
    },
    takeMedia: (run, paths) => options.media.take(run.agent, paths),
    submitDraft: (run, draft) => options.desk.submit({ ...draft, agent: run.agent, run: run.run }),
    submitVersion: (run, version) => options.desk.submitVersion({ ...version, agent: run.agent, run: run.run }),
    beat: (run, note, forMs) =>
      storage.transaction(() => {
        const now = clock.now();
        storage.runs.beat(run.run, now, note === undefined ? null : scrub(note));
        return forMs === undefined ? undefined : waitPatiently(run, now, forMs);
      }),
    progress: (run, text) => storage.transaction(() => storage.runs.progress(run.run, clock.now(), scrub(text))),
    reportFailure: options.toolFailures.report,
    ask: (run, ask) => options.questions.ask(run, ask),
    look: (run, id) => options.questions.look(run, id),
    wait: createAnswerWait(options),
    tasks: options.tasks,
    checkpoint: options.checkpoints.submit,
    now: () => clock.now(),
    decisions: (agent, since) => storage.drafts.decisionsOf(agent, since, MAX_DECISIONS).map(toAgentDecision),
  };
}

function toAgentDecision(row: DecisionRow): AgentDecision {
  const isEdited = row.verdict === 'edited';
  const isWanted = row.verdict === 'revise';
  return {
    draft: row.draftId,
    key: row.key,
    kind: row.kind,
    to: row.recipient,
    verdict: row.verdict,
    reason: row.reason,
    body_before: isEdited ? row.bodyBefore : isWanted ? row.body : null,
    body_after: isEdited ? row.body : null,
    url: row.verdict === 'published' ? row.url : null,
    at: new Date(row.at).toISOString(),
  };
}
