import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { nextOpening } from '../loop/schedule.ts';
import type { Clock } from '../ports.ts';
import type { Preface } from '../runs/run-preparation.ts';
import { HOLDS_SECRET, holdsSecret } from '../secret-refusal.ts';
import { draftCardKey, renderReplacedCard } from '../telegram/cards/draft-card.ts';
import { shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { isBlank } from './draft.ts';
import type { DecisionResult, DraftLedger } from './draft-ledger.ts';
import { hashDraft, type MediaFile, readMedia } from './media.ts';
import type { SubmitResult } from './submission.ts';

/** Another version of a draft, as its agent hands it in. */
export interface VersionSubmission {
  readonly agent: string;
  readonly run: number;
  /** The draft that it is a version of. */
  readonly draft: number;
  readonly body: string;
  /** The files that go out with it; without them those of the version before. */
  readonly media?: readonly MediaFile[];
}

/** Other versions: wanted by the owner, handed in by the agent. */
export interface Versions {
  /** Asks the author of a pending draft for another version; the same wish twice is one. */
  want(draft: DraftRow, instruction: string, by: string): DecisionResult;
  /** Takes the version that was asked for. */
  submit(submission: VersionSubmission): SubmitResult;
  /**
   * Makes a text the next revision and shows it in answer to the card before; false when somebody else was first. Without files of its own
   * it keeps those that there are.
   */
  replace(draft: DraftRow, body: string, author: string, media?: readonly MediaFile[]): boolean;
}

/** Versions that one run is told of, and how much of each: a prompt is no archive. */
const MOST_TOLD = 10;
const LONGEST_TOLD = 20_000;

/** Builds the versions; every call belongs into a transaction. */
export function createVersions(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly ledger: DraftLedger;
  readonly scrub: (text: string) => string;
}): Versions {
  const { storage, clock, outbox, ledger } = options;

  function replace(draft: DraftRow, body: string, author: string, media = readMedia(draft.media)): boolean {
    const next = { body, hash: hashDraft(body, media), media: JSON.stringify(media), author, at: clock.now() };
    if (!storage.drafts.revise(draft.id, draft.revision, next)) return false;
    const revised = storage.drafts.get(draft.id);
    if (revised === undefined) return false;
    outbox.edit(draftCardKey(draft), renderReplacedCard(revised, draft));
    ledger.record(revised, author.startsWith('agent:') ? 'revised' : 'edited', author, null);
    // A review shows the new text itself: a draft that never had a card needs none for that.
    const hasCard = storage.outbox.get(draftCardKey(draft)) !== undefined;
    if (!hasCard && storage.reviews.showing(draft.id).length > 0) ledger.refreshCard(draft.id);
    else ledger.sendCard(revised, draftCardKey(draft));
    return true;
  }

  /** Makes the author due, also one that still runs: it is told when its next run begins. */
  function wake({ name, active }: Agent, now: number): void {
    const { timezone } = options.fleet;
    storage.dues.wait(name, active === undefined ? now : nextOpening(active, now, timezone), 'task');
  }

  /** Why a draft gets no version now; undefined: it may. */
  function refusal(draft: DraftRow | undefined, { agent, draft: id, body }: VersionSubmission): string | undefined {
    if (draft === undefined || draft.agent !== agent) return `you have no draft ${id}`;
    switch (draft.state) {
      case 'expired':
        return `draft ${id} takes no version any more: its time was over before`;
      case 'pending':
        break;
      default:
        return `draft ${id} takes no version any more: it was ${draft.state} already`;
    }
    if (draft.windowEndsAt !== null && draft.windowEndsAt <= clock.now())
      return `draft ${id} takes no version any more: its time is over`;
    if (draft.reviseInstruction === null)
      return `nobody asked for another version of draft ${id}; hand in a new draft if you have something new to say`;
    return isBlank(body) ? 'the text is empty: there is nothing to approve' : undefined;
  }

  return {
    replace,

    want(draft, instruction, by) {
      if (draft.reviseInstruction === instruction && draft.reviseWantedBy === by)
        return ledger.done(draft.id, `${draft.agent} is asked for another version.`);
      const author = options.fleet.agents.get(draft.agent);
      if (author === undefined)
        return { kind: 'late', said: `fleet.yaml has no agent ${draft.agent} any more: nobody would answer.` };
      const at = clock.now();
      if (!storage.drafts.wantVersion(draft.id, draft.revision, { instruction, by, at }))
        return ledger.late(storage.drafts.get(draft.id), draft.revision, by);
      ledger.seen(draft, by);
      ledger.record(draft, 'revise', by, instruction);
      wake(author, at);
      ledger.refreshCard(draft.id);
      return ledger.done(draft.id, `${draft.agent} is asked for another version.`);
    },

    submit(submission) {
      const { agent, run, draft: id, body, media } = submission;
      const draft = storage.drafts.get(id);
      const isOwn = draft?.agent === agent;
      const isSame = isOwn && draft.hash === hashDraft(body, media ?? readMedia(draft.media));
      if (isSame && storage.drafts.authorOf(id, draft.revision) === `agent:${agent}`)
        return { kind: 'accepted', id, existing: true };
      const reason = refusal(draft, submission);
      if (draft === undefined || reason !== undefined) return { kind: 'refused', reason: reason ?? '' };
      // The owner would approve another text than the one that goes out, if the card hid part of it.
      if (holdsSecret([body, ...(media ?? []).map(({ name }) => name)], options.scrub))
        return { kind: 'refused', reason: `the text ${HOLDS_SECRET}` };
      if (!replace(draft, body, `agent:${agent}`, media)) return { kind: 'refused', reason: `draft ${id} has changed` };
      storage.runs.progress(run, clock.now(), `draft #${id}, another version`);
      return { kind: 'accepted', id, existing: false };
    },
  };
}

/** Tells an agent, before its prompt, of each of its drafts for which another version is wanted. */
export function createVersionPreface({ storage }: { readonly storage: Pick<Storage, 'drafts'> }): Preface {
  return (_run, agent) => {
    const wanted = storage.drafts.versionsWantedOf(agent.name, MOST_TOLD);
    if (wanted.length === 0) return '';
    return [
      'Your owner wants another version of what you wrote. Do this first: write each text anew as the owner asks, and hand it in with the tool `draft`, with `revises` set to its number and the whole new text as `body`, or with the command `nightdesk draft --revises NUMBER`, the text on stdin.',
      ...wanted.map(tellWanted),
    ].join('\n\n');
  };
}

function tellWanted({ id, key, kind, recipient, reviseInstruction, body }: DraftRow): string {
  const named = `Draft ${id}${key === null ? '' : ` (key ${JSON.stringify(key)})`}, ${kind} to ${recipient}`;
  const text =
    body.length <= LONGEST_TOLD
      ? body
      : `${shorten(body, LONGEST_TOLD)}\n(It goes on: \`nightdesk decisions\` has the whole text.)`;
  return `${named}. What is to be different: ${reviseInstruction ?? ''}\nIts text now, between the lines:\n---\n${text}\n---`;
}
