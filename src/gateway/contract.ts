import type { Verdict } from '../../storage/decision-store.ts';
import type { MediaTaken } from '../drafts/media-room.ts';
import type { Submission, SubmitResult } from '../drafts/submission.ts';
import type { VersionSubmission } from '../drafts/versions.ts';
import type { Look, NewAsk, Questions } from '../questions/questions.ts';
import type { AnswerWait } from '../questions/waiting.ts';
import type { Checkpoints } from '../work/checkpoints.ts';
import type { TaskCalls } from '../work/tasks.ts';

/** Whose call it is: each run has a token of its own, and only its holder moves that run's clocks. */
export interface RunIdentity {
  readonly run: number;
  readonly agent: string;
}

/** A draft as the agent gave it; `body` is exactly its text, with every space and newline. */
export type DraftSubmission = Omit<Submission, 'agent' | 'run'>;

/** A tool's failure as the agent saw it. */
export interface ToolFailure {
  readonly tool: string;
  readonly kind: 'auth' | 'rate-limit' | 'not-found' | 'other';
  readonly credential?: string;
  readonly text: string;
}

/** One thing that became of a draft. */
export interface AgentDecision {
  readonly draft: number;
  readonly key: string | null;
  readonly kind: string;
  readonly to: string;
  readonly verdict: Verdict;
  readonly reason: string | null;
  /** The body before and after the owner's edit; where another version is wanted the first is its text now; else null. */
  readonly body_before: string | null;
  readonly body_after: string | null;
  /** Where it was published. */
  readonly url: string | null;
  /** ISO 8601, UTC, with milliseconds. */
  readonly at: string;
}

/**
 * The rooms behind the gateway.
 *
 * Contract:
 * - Each call is one transaction, committed when it returns: the agent is told only after that. One that throws has
 *   changed nothing.
 * - `identify` knows a run's token as `ended` from the moment at which the run ends.
 * - `reportFailure` answers what the failure mode bids: `alert`, `wait SECONDS` or `skip`.
 * - `decisions` are the agent's own, oldest first, at most MAX_DECISIONS: with `since` (epoch ms) the first ones at or
 *   after it, so that paging on loses none of the same millisecond; without it the newest ones.
 */
export interface GatewayRooms {
  identify(
    token: string,
  ): { readonly kind: 'known'; readonly run: RunIdentity } | { readonly kind: 'ended' } | { readonly kind: 'unknown' };
  /** Copies the files of a draft before it is submitted: the one call that is no transaction. */
  takeMedia(run: RunIdentity, paths: readonly string[]): Promise<MediaTaken>;
  submitDraft(run: RunIdentity, draft: DraftSubmission): SubmitResult;
  /** Another version of a draft, which its owner asked for. */
  submitVersion(run: RunIdentity, version: Pick<VersionSubmission, 'draft' | 'body' | 'media'>): SubmitResult;
  /** `forMs`: a step that is declared to be long. Gives how much of it is left where the run's timeout cuts it. */
  beat(run: RunIdentity, note: string | undefined, forMs?: number): { readonly cutToMs: number } | undefined;
  progress(run: RunIdentity, text: string): void;
  reportFailure(
    run: RunIdentity,
    failure: ToolFailure,
  ): { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'refused'; readonly reason: string };
  decisions(agent: string, since: number | undefined): readonly AgentDecision[];
  ask(run: RunIdentity, ask: NewAsk): ReturnType<Questions['ask']>;
  look(run: Pick<RunIdentity, 'run'>, id: number): Look;
  readonly wait: AnswerWait;
  readonly tasks: TaskCalls;
  /** Keeps a WORKSTATE.md as a version; writes the file, too, where its text was given. */
  readonly checkpoint: Checkpoints['submit'];
  /** The time, for what agents ask "since two hours". */
  now(): number;
}
