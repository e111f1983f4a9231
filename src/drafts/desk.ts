import { createHash } from 'node:crypto';
import type { DraftRow, DraftState, Verdict } from '../../storage/draft-store.ts';
import type { PublicationRow } from '../../storage/publication-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { PublisherDesk } from '../runs/settlement.ts';
import type { PublicationDesk } from '../loop/scheduler.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import {
  type CardSetting,
  draftCardKey,
  renderDraftCard,
  renderReplacedCard,
  renderUnknownCard,
  unknownCardKey,
} from '../telegram/cards/draft-card.ts';
import { bold, clockTime, count, line, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { decidePublication, DRAFT_TRANSITIONS, type DraftEvent, type PublicationOutcome } from './draft.ts';

/** A draft as an agent hands it in. */
export interface Submission {
  readonly agent: string;
  readonly run: number;
  readonly kind: string;
  readonly to: string;
  readonly url?: string;
  readonly context?: string;
  readonly body: string;
  readonly windowMs?: number;
  readonly priority?: number;
  readonly key?: string;
}

/** What came of a decision: it took effect, or somebody or something was first. */
export type DecisionResult =
  | { readonly kind: 'done'; readonly draft: DraftRow; readonly said: string }
  | { readonly kind: 'late'; readonly said: string };

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
  /** Shows the card of a pending draft again as a new message. */
  showAgain(id: number, key: string): boolean;
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
  const publishers = new Map(
    [...fleet.agents.values()].flatMap((agent) => agent.publishes.map((kind) => [kind, agent.name] as const)),
  );

  function setting(): CardSetting {
    return { timezone: fleet.timezone, now: clock.now(), callbackData: options.callbackData };
  }

  function refreshCard(id: number, waiting?: string): void {
    const draft = storage.drafts.get(id);
    if (draft !== undefined) outbox.edit(draftCardKey(draft), renderDraftCard(draft, setting(), waiting));
  }

  function sendCard(draft: DraftRow, key = draftCardKey(draft), replyToKey?: string): void {
    outbox.send({
      key,
      class: 'card',
      content: renderDraftCard(draft, setting()),
      ...(replyToKey === undefined ? {} : { replyToKey }),
    });
  }

  /** Moves a draft if its state allows that event; false when it does not, or somebody else was first. */
  function move(
    draft: DraftRow,
    event: DraftEvent,
    by: { readonly actor: string | null; readonly reason: string | null },
  ): boolean {
    const allowed: Partial<Record<DraftEvent, DraftState>> = DRAFT_TRANSITIONS[draft.state];
    const to = allowed[event];
    return to !== undefined && storage.drafts.move(draft.id, draft, to, { at: clock.now(), ...by });
  }

  function record(draft: DraftRow, verdict: Verdict, actor: string, reason: string | null): void {
    const at = clock.now();
    storage.drafts.decide({ draftId: draft.id, revision: draft.revision, verdict, actor, reason, at });
    storage.journal.add({ at, subject: `draft:${draft.id}`, event: verdict, actor, detail: reason });
  }

  function late(draft: DraftRow | undefined, revision: number): DecisionResult {
    if (draft === undefined) return { kind: 'late', said: 'There is no such draft.' };
    if (draft.revision !== revision)
      return { kind: 'late', said: `Its text has changed: revision ${draft.revision} has buttons of its own.` };
    return { kind: 'late', said: describeFate(draft) };
  }

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

  function done(id: number, said: string): DecisionResult {
    const draft = storage.drafts.get(id);
    if (draft === undefined) throw new Error(`draft ${id} vanished`);
    return { kind: 'done', draft, said };
  }

  function wantPublication(
    draft: DraftRow,
    approval: { readonly by: string; readonly at: number },
    nextAt: number,
  ): void {
    const publisher = publishers.get(draft.kind);
    if (publisher === undefined) return;
    const attempt = (storage.publications.lastOf(draft.id)?.attempt ?? 0) + 1;
    storage.publications.want({
      draftId: draft.id,
      revision: draft.revision,
      hash: draft.hash,
      attempt,
      publisher,
      approvedBy: approval.by,
      approvedAt: approval.at,
      nextAt,
    });
  }

  function knownKinds(): readonly string[] {
    return [...new Set([...fleet.drafts.kinds.keys(), ...publishers.keys()])];
  }

  function settlePublication(publication: PublicationRow, draft: DraftRow, outcome: PublicationOutcome): void {
    const now = clock.now();
    const actor = `publisher:${publication.publisher}`;
    switch (outcome.kind) {
      case 'published':
        storage.publications.move(publication.id, 'running', 'published', null, now);
        storage.drafts.published(draft.id, outcome);
        move(draft, 'publish', { actor: null, reason: null });
        record(draft, 'published', actor, null);
        return refreshCard(draft.id);
      case 'later':
      case 'refused': {
        storage.publications.move(publication.id, 'running', 'later', outcome.reason, now);
        move(draft, 'postpone', { actor: null, reason: null });
        wantPublication(draft, { by: publication.approvedBy, at: publication.approvedAt }, now + outcome.afterMs);
        return refreshCard(
          draft.id,
          outcome.kind === 'later'
            ? `the publisher asked for another try: ${outcome.reason}`
            : `waits: ${outcome.reason}`,
        );
      }
      case 'failed':
        storage.publications.move(publication.id, 'running', 'failed', outcome.reason, now);
        move(draft, 'fail', { actor: null, reason: outcome.reason });
        record(draft, 'failed', actor, outcome.reason);
        refreshCard(draft.id);
        return outbox.send({
          key: `draft:${draft.id}:failed:${publication.attempt}`,
          class: 'alert',
          content: {
            kind: 'text',
            body: richText(
              lines(
                bold(`⚠️ Draft #${draft.id} was not published`),
                shorten(outcome.reason, 600),
                'It waits for your decision again.',
              ),
            ),
          },
          replyToKey: draftCardKey(draft),
        });
      case 'unknown': {
        storage.publications.move(publication.id, 'running', 'unknown', outcome.reason, now);
        move(draft, 'lose', { actor: null, reason: outcome.reason });
        record(draft, 'unknown', actor, outcome.reason);
        refreshCard(draft.id);
        const lost = storage.drafts.get(draft.id) ?? draft;
        return outbox.send({
          key: unknownCardKey(draft, publication.attempt),
          class: 'alert',
          content: renderUnknownCard(lost, setting()),
          replyToKey: draftCardKey(draft),
          sound: 'always',
        });
      }
    }
  }

  /** Ends the question about an unknown publication, by what the owner saw. */
  function answerUnknown(id: number, revision: number, by: string, event: 'confirm' | 'repeat'): DecisionResult {
    const now = clock.now();
    const draft = storage.drafts.get(id);
    const publication = storage.publications.lastOf(id);
    if (draft === undefined || publication === undefined || draft.revision !== revision || draft.state !== 'unknown')
      return late(draft, revision);
    const verdict = event === 'confirm' ? 'published' : 'dropped';
    const reason = event === 'confirm' ? 'you said that it is live' : null;
    if (
      !storage.publications.move(publication.id, 'unknown', verdict, `${by} said so`, now) ||
      !move(draft, event, { actor: by, reason })
    )
      return late(draft, revision);
    record(draft, event === 'confirm' ? 'published' : 'approved', by, reason);
    if (event === 'repeat') wantPublication(draft, { by, at: now }, now);
    refreshCard(id);
    const said = event === 'confirm' ? 'Good: it counts as published.' : 'It is published again.';
    outbox.edit(unknownCardKey(draft, publication.attempt), {
      kind: 'text',
      body: richText(lines(bold(`Draft #${id}`), said)),
      buttons: [],
    });
    return done(id, said);
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
        if (options.scrub(body) !== body)
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
        wantPublication(draft, { by, at: now }, now);
        const publisher = publishers.get(draft.kind);
        refreshCard(
          id,
          publisher === undefined
            ? `nobody publishes "${draft.kind}" in this fleet; ${draft.agent} is told`
            : undefined,
        );
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

    confirmLive: (id, revision, by) => storage.transaction(() => answerUnknown(id, revision, by, 'confirm')),
    publishAgain: (id, revision, by) => storage.transaction(() => answerUnknown(id, revision, by, 'repeat')),

    checkOpen: (id, revision) =>
      storage.transaction(() => {
        const draft = openDraft(id, revision);
        return draft === undefined ? late(storage.drafts.get(id), revision) : { kind: 'done', draft, said: '' };
      }),

    showAgain: (id, key) =>
      storage.transaction(() => {
        const draft = storage.drafts.get(id);
        if (draft?.state !== 'pending') return false;
        sendCard(draft, key);
        return true;
      }),

    begin(publication) {
      const draft = storage.drafts.get(publication.draftId);
      if (
        draft === undefined ||
        draft.revision !== publication.revision ||
        draft.hash !== publication.hash ||
        !move(draft, 'begin', { actor: null, reason: null })
      ) {
        storage.publications.move(publication.id, 'wanted', 'dropped', 'the draft changed', clock.now());
        return false;
      }
      storage.publications.move(publication.id, 'wanted', 'running', null, clock.now());
      refreshCard(draft.id);
      return true;
    },

    explainWait(publication, reason) {
      // Asked at every tick: the card is rendered only when there is something new to say.
      if (storage.publications.explain(publication.id, reason)) refreshCard(publication.draftId, reason);
    },

    expireDue: (now) => {
      const over = storage.drafts.expired(now);
      for (const draft of over)
        expire(draft, draft.state === 'approved' ? 'approved, but it could not go out in time' : null);
      tellExpired(over);
      return storage.drafts.nextDeadline();
    },

    publicationInput(publicationId) {
      const publication = storage.publications.get(publicationId);
      const draft = publication === undefined ? undefined : storage.drafts.get(publication.draftId);
      if (publication?.state !== 'running' || draft === undefined || draft.hash !== publication.hash) return undefined;
      const owner = /^owner:(\d+)$/.exec(publication.approvedBy);
      return `${JSON.stringify({
        id: draft.id,
        revision: draft.revision,
        hash: draft.hash,
        kind: draft.kind,
        agent: draft.agent,
        to: draft.recipient,
        url: draft.url,
        context: draft.context,
        body: draft.body,
        attempt: publication.attempt,
        approved_by: owner === null ? publication.approvedBy : Number(owner[1]),
        approved_at: new Date(publication.approvedAt).toISOString(),
      })}\n`;
    },

    publicationEnded: (publicationId, end) =>
      storage.transaction(() => {
        const publication = storage.publications.get(publicationId);
        const draft = publication === undefined ? undefined : storage.drafts.get(publication.draftId);
        if (publication === undefined || draft === undefined || publication.state !== 'running') return;
        settlePublication(publication, draft, decidePublication(end, publication.attempt));
      }),
  };
}

function describeFate(draft: DraftRow): string {
  const by = draft.decidedBy === null ? '' : ' already';
  switch (draft.state) {
    case 'pending':
      return 'It still waits for a decision.';
    case 'approved':
      return `It was${by} approved.`;
    case 'publishing':
      return 'It was approved and is being published right now.';
    case 'published':
      return `It was${by} published${draft.publishedUrl === null ? '' : `: ${draft.publishedUrl}`}.`;
    case 'unknown':
      return 'It was approved, and nobody knows yet whether it went out.';
    case 'rejected':
      return `It was${by} rejected${draft.reason === null ? '' : `: ${draft.reason}`}.`;
    case 'expired':
      return 'Its time is over: it expired.';
  }
}
