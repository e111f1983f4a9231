import { createHash } from 'node:crypto';
import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { PublicationDesk } from '../loop/scheduler.ts';
import type { Clock } from '../ports.ts';
import type { PublisherDesk } from '../runs/settlement.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { draftCardKey, renderReplacedCard } from '../telegram/cards/draft-card.ts';
import { bold, clockTime, count, line, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { createDraftLedger, type DecisionResult } from './draft-ledger.ts';
import { createPublishing } from './publishing.ts';

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
}

/** The desk: drafts, their cards, the owner's decisions, and what the publisher made of them. */
export interface Desk extends PublicationDesk, PublisherDesk {
  submit(
    submission: Submission,
  ):
    | { readonly kind: 'accepted'; readonly id: number; readonly existing: boolean }
    | { readonly kind: 'refused'; readonly reason: string };
  approve(id: number, revision: number, by: string): DecisionResult;
  reject(id: number, revision: number, by: string): DecisionResult;
  /** Keeps why a draft was rejected; false when it is not a rejected one. */
  giveReason(id: number, reason: string, by: string): boolean;
  /** Replaces the text: a new revision, shown anew. The same text from the same revision twice is one edit. */
  edit(id: number, revision: number, body: string, by: string): DecisionResult;
  /** The owner says of an unknown publication that it went out. */
  confirmLive(id: number, revision: number, by: string): DecisionResult;
  /** The owner says of an unknown publication that it did not. */
  publishAgain(id: number, revision: number, by: string): DecisionResult;
  /** Whether the draft can still be edited in this revision; `late` says what happened instead. */
  checkOpen(id: number, revision: number): DecisionResult;
  /** The JSON that the publisher reads; undefined when the draft is not being published. */
  publicationInput(publicationId: number): string | undefined;
  /** Shows the card of a pending draft anew, below; `key` is that of the act. `late` says what became of a decided one. */
  showAgain(id: number, key: string): DecisionResult;
  /** Makes the card show the draft as it stands, after something else than a decision changed it. */
  showAnew(id: number): void;
}

/** Draft texts are compared and bound by this. */
export function hashBody(body: string): string {
  return createHash('sha256').update(body, 'utf8').digest('hex');
}

/** Builds the desk. Every public call is one transaction. */
export function createDesk(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly scrub: (text: string) => string;
}): Desk {
  const { fleet, storage, clock, outbox } = options;
  const ledger = createDraftLedger(options);
  const publishing = createPublishing({ fleet, storage, clock, outbox, ledger });
  const { move, record, refreshCard, sendCard, late, done } = ledger;

  function expire(draft: DraftRow, reason: string | null): void {
    if (!move(draft, 'expire', { actor: null, reason })) return;
    const open = storage.publications.lastOf(draft.id);
    if (open?.state === 'wanted')
      storage.publications.move(open.id, 'wanted', 'dropped', 'its window ended', clock.now());
    record(draft, 'expired', 'nightdesk', reason);
    refreshCard(draft.id);
  }

  /** The pending draft in that revision, after its window was looked at: a tap after the deadline finds it expired. */
  function openDraft(id: number, revision: number): DraftRow | undefined {
    const draft = storage.drafts.get(id);
    if (draft === undefined || draft.state !== 'pending' || draft.revision !== revision) return undefined;
    if (draft.windowEndsAt !== null && draft.windowEndsAt <= clock.now()) {
      expire(draft, null);
      return undefined;
    }
    return draft;
  }

  function knownKinds(): readonly string[] {
    return [...new Set([...fleet.drafts.kinds.keys(), ...publishing.kinds()])];
  }

  function tellExpired(expired: readonly DraftRow[]): void {
    const [first] = expired;
    if (first === undefined) return;
    const now = clock.now();
    const shown = expired
      .slice(0, 20)
      .map((draft) =>
        line(
          `#${draft.id} to `,
          bold(shorten(draft.recipient, 60)),
          draft.windowEndsAt === null ? '' : line(', ', clockTime(draft.windowEndsAt, fleet.timezone, now)),
        ),
      );
    const rest = expired.length > shown.length ? `and ${expired.length - shown.length} more` : undefined;
    outbox.send({
      key: `expired:${first.id}:r${first.revision}`,
      class: 'notice',
      content: {
        kind: 'text',
        body: richText(lines(bold(`⌛ ${count(expired.length, 'draft')} expired`), ...shown, rest)),
      },
      ...(expired.length === 1 ? { replyToKey: draftCardKey(first) } : {}),
    });
  }

  return {
    begin: publishing.begin,
    explainWait: publishing.explainWait,
    publicationEnded: publishing.publicationEnded,
    publicationInput: publishing.publicationInput,

    submit: (submission) =>
      storage.transaction(() => {
        const key = submission.key ?? null;
        const existing = key === null ? undefined : storage.drafts.byKey(submission.agent, key);
        if (existing !== undefined) return { kind: 'accepted', id: existing.id, existing: true };
        const kinds = knownKinds();
        if (kinds.length > 0 && !kinds.includes(submission.kind)) {
          return {
            kind: 'refused',
            reason: `kind "${submission.kind}" is unknown; fleet.yaml has: ${kinds.join(', ')}`,
          };
        }
        const now = clock.now();
        const windowMs = submission.windowMs ?? fleet.drafts.kinds.get(submission.kind)?.windowMs;
        const { body } = submission;
        // The owner would approve another text than the one that goes out, if the card hid part of it.
        if (
          [body, submission.context, submission.to, submission.url].some(
            (text) => text !== undefined && options.scrub(text) !== text,
          )
        )
          return { kind: 'refused', reason: 'the text holds something that looks like a token or key; take it out' };
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
          body,
          hash: hashBody(body),
        });
        storage.runs.progress(submission.run, now, `draft #${id}`);
        const draft = storage.drafts.get(id);
        if (draft !== undefined) sendCard(draft);
        return { kind: 'accepted', id, existing: false };
      }),

    approve: (id, revision, by) =>
      storage.transaction(() => {
        const draft = openDraft(id, revision);
        if (draft === undefined || !move(draft, 'approve', { actor: by, reason: null }))
          return late(storage.drafts.get(id), revision);
        record(draft, 'approved', by, null);
        const now = clock.now();
        publishing.want(draft, { by, at: now }, now);
        const publisher = publishing.publisherOf(draft.kind);
        refreshCard(
          id,
          publisher === undefined
            ? `nobody publishes "${draft.kind}" in this fleet; ${draft.agent} is told`
            : undefined,
        );
        const hold = storage.holds.active().find(({ agent }) => agent === '' || agent === publisher);
        if (publisher !== undefined && hold !== undefined) return done(id, `Approved. It waits: ${hold.reason}.`);
        return done(id, publisher === undefined ? 'Approved.' : 'Approved, going out.');
      }),

    reject: (id, revision, by) =>
      storage.transaction(() => {
        const draft = openDraft(id, revision);
        if (draft === undefined || !move(draft, 'reject', { actor: by, reason: null }))
          return late(storage.drafts.get(id), revision);
        record(draft, 'rejected', by, null);
        refreshCard(id);
        return done(id, 'Rejected.');
      }),

    giveReason: (id, reason, by) =>
      storage.transaction(() => {
        const draft = storage.drafts.get(id);
        if (draft?.state !== 'rejected') return false;
        if (!storage.drafts.move(id, draft, 'rejected', { at: draft.decidedAt ?? clock.now(), actor: by, reason }))
          return false;
        record(draft, 'rejected', by, reason);
        refreshCard(id);
        return true;
      }),

    edit: (id, revision, body, by) =>
      storage.transaction(() => {
        const current = storage.drafts.get(id);
        if (current?.revision === revision + 1 && current.body === body && current.state === 'pending')
          return done(id, 'Changed.');
        const draft = openDraft(id, revision);
        if (draft === undefined) return late(storage.drafts.get(id), revision);
        if (body === draft.body) return { kind: 'late', said: 'That is the same text: nothing changed.' };
        if (!storage.drafts.revise(id, revision, { body, hash: hashBody(body), author: by, at: clock.now() }))
          return late(storage.drafts.get(id), revision);
        const next = storage.drafts.get(id);
        if (next === undefined) return late(undefined, revision);
        record(next, 'edited', by, null);
        outbox.edit(draftCardKey(draft), renderReplacedCard(next, draft));
        sendCard(next, draftCardKey(next), draftCardKey(draft));
        return done(id, 'Changed: look at it once more below.');
      }),

    confirmLive: (id, revision, by) => storage.transaction(() => publishing.answerUnknown(id, revision, by, 'confirm')),
    publishAgain: (id, revision, by) => storage.transaction(() => publishing.answerUnknown(id, revision, by, 'repeat')),

    checkOpen: (id, revision) =>
      storage.transaction(() => {
        const draft = openDraft(id, revision);
        return draft === undefined
          ? late(storage.drafts.get(id), revision)
          : { kind: 'done', draft, said: 'Send me the new text.' };
      }),

    showAgain: (id, key) =>
      storage.transaction(() => {
        const draft = storage.drafts.get(id);
        if (draft?.state !== 'pending') return late(draft, draft?.revision ?? 0);
        const shown = storage.outbox.get(draftCardKey(draft));
        // One card of a draft is alive at a time: the older one loses its buttons, and what happens next is shown on the new one.
        if (shown !== undefined && shown.messageId !== null && shown.chatId !== null) {
          outbox.send({
            key,
            class: 'notice',
            chatId: shown.chatId,
            content: { kind: 'strip', messageId: shown.messageId },
          });
          storage.outbox.forget(shown.id, clock.now());
        }
        return { kind: 'done', draft, said: '' };
      }),

    showAnew: (id) => storage.transaction(() => refreshCard(id)),

    expireDue: (now) => {
      const over = storage.drafts.expired(now);
      for (const draft of over)
        expire(draft, draft.state === 'approved' ? 'approved, but it could not go out in time' : null);
      tellExpired(over);
      return storage.drafts.nextDeadline();
    },
  };
}
