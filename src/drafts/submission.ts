import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { HOLDS_SECRET, holdsSecret } from '../secret-refusal.ts';
import { isBlank } from './draft.ts';
import type { DraftLedger } from './draft-ledger.ts';
import { hashDraft, type MediaFile, readMedia } from './media.ts';
import type { Versions } from './versions.ts';

/** A draft as an agent hands it in. */
export interface Submission {
  readonly agent: string;
  readonly run: number;
  readonly kind: string;
  readonly to: string;
  readonly url?: string;
  readonly context?: string;
  readonly body: string;
  /** How long the owner has to decide; without it the kind's own window counts. */
  readonly windowMs?: number;
  /** 1 (the most urgent) to 5; without it 3. */
  readonly priority?: number;
  /** The agent's own name for this draft: the same key again is the same draft. */
  readonly key?: string;
  /** The files that go out with it, copied already. */
  readonly media?: readonly MediaFile[];
}

/** What an agent is told of what it handed in. */
export type SubmitResult =
  | { readonly kind: 'accepted'; readonly id: number; readonly existing: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/** Decides, in the transaction of its submission, whether a new draft gets a card at once; `queued`: it is told of otherwise. */
export type AdmitDraft = (draft: DraftRow) => 'card' | 'queued';

/** Builds what takes drafts from agents; a call belongs into a transaction. */
export function createSubmission(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: DraftLedger;
  readonly versions: Pick<Versions, 'submit'>;
  readonly kinds: readonly string[];
  readonly admit: AdmitDraft;
  readonly scrub: (text: string) => string;
}): (submission: Submission) => SubmitResult {
  const { fleet, storage, clock } = options;

  /** Whether this is a text that the draft has or had: whoever hands it in again has not written another one. */
  function isKnown(draft: DraftRow, body: string, media: Submission['media']): boolean {
    for (let revision = draft.revision; revision > 0; revision -= 1) {
      const shown = storage.drafts.atRevision(draft.id, revision);
      if (shown !== undefined && shown.hash === hashDraft(body, media ?? readMedia(shown.media))) return true;
    }
    return false;
  }

  /** The same key again is the same draft; a text under it that it never had is its next version, if one is wanted. */
  function submitAgain(existing: DraftRow, { agent, run, body, media }: Submission): SubmitResult {
    return existing.reviseInstruction === null || isKnown(existing, body, media)
      ? { kind: 'accepted', id: existing.id, existing: true }
      : options.versions.submit({ agent, run, draft: existing.id, body, ...(media === undefined ? {} : { media }) });
  }

  /** What is wrong with it; undefined: nothing. */
  function refusal({ kind, to, body, context, url, windowMs, media = [] }: Submission): string | undefined {
    const { kinds } = options;
    if (kinds.length > 0 && !kinds.includes(kind))
      return `kind "${kind}" is unknown; fleet.yaml has: ${kinds.join(', ')}`;
    if (isBlank(body)) return 'the text is empty: there is nothing to approve';
    if (to.trim() === '') return 'it says nobody whom it goes to';
    if (windowMs !== undefined && windowMs <= 0)
      return 'its window is over before it begins: nobody could decide in time';
    // The owner would approve another text than the one that goes out, if the card hid part of it.
    const isHidden = holdsSecret([body, context, to, url, ...media.map(({ name }) => name)], options.scrub);
    return isHidden ? `the text ${HOLDS_SECRET}` : undefined;
  }

  return (submission) => {
    const key = submission.key ?? null;
    const existing = key === null ? undefined : storage.drafts.byKey(submission.agent, key);
    if (existing !== undefined) return submitAgain(existing, submission);
    const reason = refusal(submission);
    if (reason !== undefined) return { kind: 'refused', reason };
    const now = clock.now();
    const windowMs = submission.windowMs ?? fleet.drafts.kinds.get(submission.kind)?.windowMs;
    const id = storage.drafts.add({
      agent: submission.agent,
      runId: submission.run,
      key,
      kind: submission.kind,
      recipient: submission.to,
      url: submission.url ?? null,
      context: submission.context ?? null,
      priority: submission.priority ?? 3,
      createdAt: now,
      windowEndsAt: windowMs === undefined ? null : now + windowMs,
      body: submission.body,
      hash: hashDraft(submission.body, submission.media),
      media: JSON.stringify(submission.media ?? []),
    });
    storage.runs.progress(submission.run, now, `draft #${id}`);
    const draft = storage.drafts.get(id);
    if (draft !== undefined && options.admit(draft) === 'card') options.ledger.sendCard(draft);
    return { kind: 'accepted', id, existing: false };
  };
}
