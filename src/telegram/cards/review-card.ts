import type { DraftRow } from '../../../storage/draft-store.ts';
import type { ReviewFilter } from '../../../storage/review-store.ts';
import { timeLeftWords } from '../../drafts/time-left.ts';
import type { Button, Content, RichText, TextEntity } from '../outbox.ts';
import {
  bold,
  count,
  duration,
  italic,
  LONGEST_TEXT,
  line,
  lines,
  link,
  type Piece,
  richText,
  shorten,
} from './words.ts';

type Buttons = readonly (readonly Button[])[];

/** Room for what stands behind a list: how many are not on it, and what to press. */
const LONGEST_TAIL = 300;
/** Of a text that comes as a file the message shows this much, in UTF-16 units. */
const LONGEST_BEGINNING = 1_200;
/** Drafts on a list of what was done, the newest last: what was done before scrolls off a phone's screen anyway. */
const MOST_ENDED = 20;
/** Drafts on a triage: the rest comes behind its button. */
const MOST_TRIAGED = 8;
/** Lines about what is past. */
const MOST_PAST = 10;

/** The numbers above a review. */
export interface ReviewNumbers {
  readonly filter: ReviewFilter;
  readonly waiting: number;
  /** Median time from a card to a decision; undefined: too few decisions to say. */
  readonly typicalMs: number | undefined;
  /** Windows that ended without a decision in the last seven days. */
  readonly missed: number;
  /** Drafts of which nobody knows whether they went out. */
  readonly unknown: readonly number[];
}

/** `19 drafts`, `12 reply drafts`, `7 drafts of scout`. */
function countFiltered(n: number, filter: ReviewFilter): string {
  const drafts = filter.kind === undefined ? 'draft' : `${shorten(filter.kind, 40)} draft`;
  return `${count(n, drafts)}${filter.agent === undefined ? '' : ` of ${filter.agent}`}`;
}

/** What stands above the draft: how many wait, how fast they are decided, what needs an answer first. */
export function renderReviewHead(numbers: ReviewNumbers): Piece {
  const parts = [
    numbers.typicalMs === undefined ? '' : ` · typically decided in ${duration(numbers.typicalMs)}`,
    numbers.missed === 0 ? '' : ` · ${count(numbers.missed, 'window')} missed this week`,
  ];
  return lines(
    line(bold(`📥 ${countFiltered(numbers.waiting, numbers.filter)} for you`), ...parts),
    renderUnknownQuestion(numbers.unknown),
  );
}

/** The question about publications of unknown fate; undefined where there is none. */
export function renderUnknownQuestion(unknown: readonly number[]): Piece | undefined {
  if (unknown.length === 0) return undefined;
  const named = unknown.slice(0, 5).map((id) => `#${id}`);
  const rest = unknown.length > named.length ? ' and more' : '';
  return `❓ Of ${count(unknown.length, 'draft')} I do not know whether ${unknown.length === 1 ? 'it' : 'they'} went out: please answer my question about ${unknown.length === 1 ? 'it' : 'them'} (${named.join(', ')}${rest}).`;
}

/** A draft in a review; `file` is its whole text where that does not fit, to be sent along. */
export function renderReviewedDraft(
  draft: DraftRow,
  head: Piece,
  card: Content,
  buttons: Buttons,
): { readonly content: Content; readonly file?: Content } {
  const above = richText(lines(head, '', ''));
  const shown = card.kind === 'text' || card.kind === 'document' ? card.body : { text: '', entities: [] };
  if (card.kind === 'text' && above.text.length + shown.text.length <= LONGEST_TEXT)
    return { content: { kind: 'text', body: joinTexts(above, shown), buttons } };
  const short = card.kind === 'document' ? shown : shortenBody(shown, draft.body);
  return {
    content: { kind: 'text', body: joinTexts(above, short), buttons },
    file: {
      kind: 'document',
      name: `draft-${draft.id}-r${draft.revision}.txt`,
      content: draft.body,
      body: richText(`📄 The whole text of draft #${draft.id}`),
    },
  };
}

/** Puts one text behind another; what marks the second one moves with it. */
function joinTexts(first: RichText, second: RichText): RichText {
  const moved = second.entities.map((entity) => ({ ...entity, offset: entity.offset + first.text.length }));
  return { text: first.text + second.text, entities: [...first.entities, ...moved] };
}

/** A card with only the beginning of the draft's text, and the word where the rest is. */
function shortenBody(card: RichText, body: string): RichText {
  const start = card.text.indexOf(`\n\n${body.toWellFormed()}`) + 2;
  if (start < 2) return { text: shorten(card.text, LONGEST_BEGINNING), entities: [] };
  const end = start + body.length;
  const beginning = `${shorten(body.toWellFormed(), LONGEST_BEGINNING)}\n📄 The whole text is in the file.`;
  const moved = card.entities.flatMap((entity): TextEntity[] => {
    if (entity.offset + entity.length <= start) return [entity];
    return entity.offset < end ? [] : [{ ...entity, offset: entity.offset - (end - start) + beginning.length }];
  });
  return { text: card.text.slice(0, start) + beginning + card.text.slice(end), entities: moved };
}

/** The draft and the revision that a review's message shows, read off its own text; undefined where it shows none. */
export function readReviewedDraft(text: string): { readonly draftId: number; readonly revision: number } | undefined {
  // What an agent wrote comes after the head, so the first such line is ours.
  const match = /^✍️ Draft #(\d{1,15})(?: · [^\n]*?(?: · revision (\d{1,9}))?)?$/m.exec(text);
  return match === null ? undefined : { draftId: Number(match[1]), revision: Number(match[2] ?? 1) };
}

/** Of each text on a list so much is shown, the most that fits for all of them; in UTF-16 units. */
const LISTED_LENGTHS = [1_000, 600, 400, 250, 180, 120] as const;
const SHORTEST_LISTED = 120;

/** One line for a draft: its number, to whom, what is left, and its text, or how that begins. */
function renderListed(draft: DraftRow, now: number, longest: number = SHORTEST_LISTED): Piece {
  return line(
    bold(`#${draft.id}`),
    ` to ${shorten(draft.recipient, 40)}`,
    draft.windowEndsAt === null ? '' : `, ${timeLeftWords(draft.windowEndsAt - now)}`,
    `: ${shorten(draft.body.replaceAll(/\s+/g, ' ').trim(), longest)}`,
  );
}

/** How many of these fit one message, from the first on, each with so much of its text. */
export function countFitting(drafts: readonly DraftRow[], now: number, longest: number = SHORTEST_LISTED): number {
  let length = LONGEST_TAIL;
  for (const [index, draft] of drafts.entries()) {
    length += richText(renderListed(draft, now, longest)).text.length + 2;
    if (length > LONGEST_TEXT) return index;
  }
  return drafts.length;
}

/** The look at a list before it is approved as a whole: nothing that is not on it goes out. */
export function renderBatch(listed: readonly DraftRow[], more: number, now: number, buttons: Buttons): Content {
  const longest = LISTED_LENGTHS.find((length) => countFitting(listed, now, length) === listed.length);
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`Approve ${count(listed.length, 'draft')} together?`),
        '',
        ...listed.flatMap((draft) => [renderListed(draft, now, longest), '']),
        more === 0
          ? undefined
          : italic(`${more} more ${more === 1 ? 'is' : 'are'} not shown, and not approved with these.`),
      ),
    ),
    buttons,
  };
}

/** What an outage left behind: what is past, and what is still worth it. */
export function renderTriage(
  words: { readonly title: string; readonly past: readonly string[] },
  worth: readonly DraftRow[],
  waiting: number,
  now: number,
  buttons: Buttons,
): Content {
  const more = waiting - Math.min(worth.length, MOST_TRIAGED);
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(shorten(words.title, 200)),
        ...words.past.slice(0, MOST_PAST).map((past) => shorten(past, 150)),
        words.past.length > MOST_PAST ? `… and ${words.past.length - MOST_PAST} more` : undefined,
        '',
        waiting === 0
          ? 'Nothing waits for you.'
          : bold(`${words.past.length === 0 ? 'All that waits' : 'Still worth it'}, the most urgent first:`),
        ...worth.slice(0, MOST_TRIAGED).map((draft) => renderListed(draft, now)),
        more > 0 ? `… and ${more} more` : undefined,
      ),
    ),
    buttons,
  };
}

/** What a review says of one draft behind it. */
export interface EndedDraft {
  readonly draft: DraftRow;
  readonly said: string;
}

/** The end of a review: what was done, and what became of it. */
export function renderReviewEnd(
  tally: readonly string[],
  ended: readonly EndedDraft[],
  numbers: ReviewNumbers,
  buttons: Buttons,
): Content {
  const shown = ended.slice(-MOST_ENDED);
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(
          numbers.waiting === 0
            ? '📥 No draft waits for you any more.'
            : `📥 ${countFiltered(numbers.waiting, numbers.filter)} still for you`,
        ),
        renderUnknownQuestion(numbers.unknown),
        tally.length === 0 ? undefined : tally.join(' · '),
        ...(shown.length === 0 ? [] : ['']),
        ended.length > shown.length ? `… and ${ended.length - shown.length} before these` : undefined,
        ...shown.map(({ draft, said }) =>
          line(
            `#${draft.id} to ${shorten(draft.recipient, 40)}: ${shorten(said, 80)}`,
            draft.publishedUrl === null || draft.state !== 'published'
              ? ''
              : line(' · ', link('see it live', draft.publishedUrl)),
          ),
        ),
      ),
    ),
    buttons,
  };
}
