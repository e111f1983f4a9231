import type { DraftRow } from '../../storage/draft-store.ts';
import type { PublicationRow } from '../../storage/publication-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import type { PublicationDesk } from '../loop/scheduler.ts';
import type { Clock } from '../ports.ts';
import type { PublisherDesk } from '../runs/settlement.ts';
import { draftCardKey, renderUnknownCard, unknownCardKey } from '../telegram/cards/draft-card.ts';
import { bold, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { personId } from '../people.ts';
import { decidePublication, type PublicationOutcome } from './draft.ts';
import type { DecisionResult, DraftLedger } from './draft-ledger.ts';
import { mediaPath, readMedia } from './media.ts';
import { timeLeftWords } from './time-left.ts';

/** What happens to an approved draft: its publications, one open at a time, and the question about an unknown one. */
export interface Publishing extends Omit<PublicationDesk, 'expireDue'>, PublisherDesk {
  /** The agent that publishes this kind; undefined when nobody does. */
  publisherOf(kind: string): string | undefined;
  /** Kinds that somebody publishes. */
  kinds(): readonly string[];
  /** Asks for the next attempt, not before `nextAt`; nothing happens where nobody publishes the kind. */
  want(draft: DraftRow, approval: { readonly by: string; readonly at: number }, nextAt: number): void;
  /** Asks about a publication that nobody knows the end of; nothing happens where it is known. */
  askAboutUnknown(id: number): void;
  /** Ends the question about an unknown publication, by what the owner saw. */
  answerUnknown(id: number, revision: number, by: string, event: 'confirm' | 'repeat'): DecisionResult;
  /** The JSON that the publisher reads; undefined when the draft is not being published. */
  publicationInput(publicationId: number): string | undefined;
}

/** The files as the publisher reads them: what they are, and where their copies are. */
function describeMediaIn(home: string, column: string): object {
  const media = readMedia(column).map(({ name, type, sizeBytes, sha256 }) => ({
    name,
    type,
    size: sizeBytes,
    sha256,
    path: mediaPath(home, sha256),
  }));
  return media.length === 0 ? {} : { media };
}

/** What the owner can still do about a draft that came back. */
function renderWhatIsLeft(windowEndsAt: number | null, now: number): string {
  if (windowEndsAt === null) return 'It waits for your decision again.';
  if (windowEndsAt <= now) return 'Its time is over, so it expires.';
  return `It waits for your decision again: ${timeLeftWords(windowEndsAt - now)}.`;
}

/** Builds the publishing; calls belong into a transaction, but for `publicationEnded`, which is one. */
export function createPublishing(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly ledger: DraftLedger;
}): Publishing {
  const { fleet, storage, clock, outbox } = options;
  const { move, record, refreshCard, showCard, late, done, cardSetting } = options.ledger;
  const publishers = perFile(
    fleet,
    ({ agents }) =>
      new Map([...agents.values()].flatMap((agent) => agent.publishes.map((kind) => [kind, agent.name] as const))),
  );

  function wantPublication(
    draft: DraftRow,
    approval: { readonly by: string; readonly at: number },
    nextAt: number,
    waiting?: string,
  ): void {
    const publisher = publishers().get(draft.kind);
    if (publisher === undefined) return;
    const attempt = (storage.publications.lastOf(draft.id)?.attempt ?? 0) + 1;
    const id = storage.publications.want({
      draftId: draft.id,
      revision: draft.revision,
      hash: draft.hash,
      attempt,
      publisher,
      approvedBy: approval.by,
      approvedAt: approval.at,
      nextAt,
    });
    if (waiting !== undefined) storage.publications.explain(id, waiting);
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
        wantPublication(
          draft,
          { by: publication.approvedBy, at: publication.approvedAt },
          now + outcome.afterMs,
          outcome.kind === 'later'
            ? `the publisher asked for another try: ${outcome.reason}`
            : `waits: ${outcome.reason}`,
        );
        return refreshCard(draft.id);
      }
      case 'failed':
        storage.publications.move(publication.id, 'running', 'failed', outcome.reason, now);
        move(draft, 'fail', { actor: null, reason: outcome.reason });
        record(draft, 'failed', actor, outcome.reason);
        showCard(draft.id);
        return outbox.send({
          key: `draft:${draft.id}:failed:${publication.attempt}`,
          class: 'alert',
          content: {
            kind: 'text',
            body: richText(
              lines(
                bold(`⚠️ Draft #${draft.id} was not published`),
                shorten(outcome.reason, 600),
                renderWhatIsLeft(draft.windowEndsAt, now),
              ),
            ),
          },
          replyToKey: draftCardKey(draft),
          place: fleet.agents.get(draft.agent)?.place,
        });
      case 'unknown': {
        storage.publications.move(publication.id, 'running', 'unknown', outcome.reason, now);
        move(draft, 'lose', { actor: null, reason: outcome.reason });
        record(draft, 'unknown', actor, outcome.reason);
        refreshCard(draft.id);
        return askAboutUnknown(draft.id);
      }
    }
  }

  function askAboutUnknown(id: number): void {
    const draft = storage.drafts.get(id);
    const publication = storage.publications.lastOf(id);
    if (draft?.state !== 'unknown' || publication === undefined) return;
    outbox.send({
      key: unknownCardKey(draft, publication.attempt),
      class: 'alert',
      content: renderUnknownCard(draft, cardSetting()),
      replyToKey: draftCardKey(draft),
      place: fleet.agents.get(draft.agent)?.place,
      sound: 'always',
    });
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

  return {
    publisherOf: (kind) => publishers().get(kind),
    kinds: () => [...publishers().keys()],
    want: wantPublication,
    askAboutUnknown,
    answerUnknown,

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
      if (storage.publications.explain(publication.id, reason)) refreshCard(publication.draftId);
    },

    publicationInput(publicationId) {
      const publication = storage.publications.get(publicationId);
      const draft = publication === undefined ? undefined : storage.drafts.get(publication.draftId);
      if (publication?.state !== 'running' || draft === undefined || draft.hash !== publication.hash) return undefined;
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
        approved_by: personId(publication.approvedBy) ?? publication.approvedBy,
        approved_at: new Date(publication.approvedAt).toISOString(),
        ...describeMediaIn(fleet.home, draft.media),
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
