import type { DraftRow } from '../../../storage/draft-store.ts';
import { readMedia } from '../../drafts/media.ts';
import type { Preflight } from '../../drafts/preflight.ts';
import { timeLeftWords } from '../../drafts/time-left.ts';
import { dateAndTime } from '../../loop/wall-clock.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { draftButton, draftButtons } from './draft-buttons.ts';
import { compareTexts, type TextDiff } from './draft-diff.ts';
import {
  bold,
  clockTime,
  count,
  italic,
  LONGEST_CAPTION,
  LONGEST_TEXT,
  line,
  lines,
  link,
  type Piece,
  quote,
  richText,
  shorten,
} from './words.ts';

/**
 * What the last lines of a card may take, in any state. A message cannot become a document later, nor a document a message, so it is decided
 * with this and not with the foot of the day.
 */
const LONGEST_FOOT = 800;
/** What a quotation of the post answered may take of a card. */
const LONGEST_CONTEXT = 500;

/**
 * What Telegram leaves out of messages, besides what nobody sees: control characters, separators of lines, and marks that turn the direction
 * of all that follows (td, clean_input_string). Its owner would read another text than the one that goes out.
 */
const LEFT_OUT = /(?![\n\r\t])\p{Cc}|[\u2028-\u202e]/u;

const DIFF_TITLE = '✏️ What changed:';

/** What a card needs besides the draft. */
export interface CardSetting {
  readonly timezone: string;
  readonly now: number;
  readonly callbackData: CallbackData;
  /** Whether a credential can be logged in to from the phone; without it every one. */
  readonly canLogIn?: (credential: string) => boolean;
}

/** What a card shows of a draft that its row does not say. */
export interface CardView {
  /** Why an approved draft has not gone out yet. */
  readonly waiting?: string;
  /** Whether it could go out if it was approved now; without it, it could. */
  readonly preflight?: Preflight;
  /** When it goes out by a rule, unless somebody objects. */
  readonly autoApproveAt?: number;
  /** A rule would have approved it, but has reached its number for the day. */
  readonly isRuleOver?: boolean;
  /** What became of its agent's drafts before. */
  readonly record?: string;
  /** The text of the revision before this one. */
  readonly before?: string;
  /** The files that go out with it were shown with an earlier revision. */
  readonly isMediaAbove?: boolean;
  /** Who decided, as ` by Ada`: a rule, or an owner where there are several. */
  readonly who?: string;
  /** Its approval can still be taken back. */
  readonly canUndo?: boolean;
}

/** Key of the card that shows this revision. */
export function draftCardKey(draft: Pick<DraftRow, 'id' | 'revision'>): string {
  return `draft:${draft.id}:r${draft.revision}`;
}

/** Key of the message that asks the owner what became of a publication. */
export function unknownCardKey(draft: Pick<DraftRow, 'id'>, attempt: number): string {
  return `draft:${draft.id}:unknown:${attempt}`;
}

/**
 * The card of a draft as it stands: who wrote what to whom, the whole text, what changed, the time left, and the buttons that the state allows.
 * A text that does not fit a message goes as a document on the same message, so that no Approve stands under half a text.
 */
export function renderDraftCard(draft: DraftRow, setting: CardSetting, view: CardView = {}): Content {
  const head = renderHead(draft, view.isMediaAbove === true ? 'above' : 'below');
  const foot = lines(renderState(draft, setting, view), ...renderOutlook(draft, setting, view));
  const buttons = draftButtons(draft, setting, view);
  const diff = view.before === undefined ? undefined : compareTexts(view.before, draft.body);
  if (!fitsMessage(draft, head)) return asDocument(draft, head, foot, buttons, diff);
  const above = lines(head, '', draft.body);
  const room = LONGEST_TEXT - LONGEST_FOOT - above.text.length;
  return { kind: 'text', body: richText(lines(above, renderDiff(diff, room), '', foot)), buttons };
}

/** What changed, as far as there is room for it. */
function renderDiff(diff: TextDiff | undefined, room: number): Piece | undefined {
  if (diff === undefined) return undefined;
  return diff.full !== undefined && diff.full.text.length + DIFF_TITLE.length + 4 <= room
    ? lines('', DIFF_TITLE, diff.full)
    : line('', `✏️ ${diff.short}`);
}

/** The old card after its text was replaced. */
export function renderReplacedCard(draft: DraftRow, shown: DraftRow): Content {
  const head = renderHead(shown);
  const foot = italic(`✏️ Replaced by revision ${draft.revision}, below.`);
  return fitsMessage(shown, head)
    ? { kind: 'text', body: richText(lines(head, '', shown.body, '', foot)), buttons: [] }
    : asDocument(shown, head, foot, [], undefined);
}

/** Whether a message takes the whole text, as it is, whatever becomes of the draft. */
function fitsMessage(draft: DraftRow, head: Piece): boolean {
  if (LEFT_OUT.test(draft.body)) return false;
  return lines(head, '', draft.body, '', '').text.length + LONGEST_FOOT <= LONGEST_TEXT;
}

/** The question that nobody but the owner can answer: did it go out? */
export function renderUnknownCard(draft: DraftRow, setting: CardSetting): Content {
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`❓ Draft #${draft.id}: I do not know whether it went out`),
        line(
          draft.restoredAt === null
            ? 'The publisher was cut off while it was publishing to '
            : `I run from a backup of ${dateAndTime(draft.restoredAt, setting.timezone, setting.now)}, in which it was approved, but not published yet, to `,
          bold(shorten(draft.recipient, 100)),
          '. Nothing is sent again before you say so.',
        ),
        '',
        quote(shorten(draft.body, 600)),
        '',
        draft.url === null
          ? 'Look at the place where it should be, then tell me:'
          : line('Look at ', link('the place', draft.url), ', then tell me:'),
      ),
    ),
    buttons: [
      [
        draftButton('It is live', 'live', draft, setting.callbackData, 'success'),
        draftButton('Publish again', 'again', draft, setting.callbackData, 'danger'),
      ],
    ],
  };
}

function asDocument(
  draft: DraftRow,
  head: Piece,
  foot: Piece,
  buttons: readonly (readonly Button[])[],
  diff: TextDiff | undefined,
): Content {
  const changed = diff === undefined ? undefined : `✏️ ${diff.short}`;
  const tail = ['📄 The whole text is in the file.', changed, foot] as const;
  const rest = LONGEST_CAPTION - lines(head, '', '', ...tail).text.length;
  const beginning = rest > 80 ? italic(shorten(draft.body, Math.min(rest, 300))) : undefined;
  const body = lines(head, '', beginning, ...tail);
  return {
    kind: 'document',
    name: `draft-${draft.id}-r${draft.revision}.txt`,
    content: draft.body,
    body: richText(body.text.length <= LONGEST_CAPTION ? body : lines(renderShortHead(draft), '', ...tail)),
    buttons,
  };
}

/** What has to be known to decide, where a caption has no room for more. */
function renderShortHead(draft: DraftRow): Piece {
  return lines(
    bold(`✍️ Draft #${draft.id}`),
    line('To ', bold(shorten(draft.recipient, 100))),
    renderMedia(draft, 'with its card'),
  );
}

function renderHead(draft: DraftRow, mediaPlace: 'above' | 'below' = 'below'): Piece {
  const answered =
    draft.url === null ? undefined : line('🔗 ', link(shorten(draft.url.replace(/^https?:\/\//i, ''), 80), draft.url));
  return lines(
    line(
      bold(`✍️ Draft #${draft.id}`),
      ` · ${shorten(draft.kind, 60)} by `,
      bold(draft.agent),
      draft.revision === 1 ? '' : ` · revision ${draft.revision}`,
    ),
    line('To ', bold(shorten(draft.recipient, 200)), priorityWords(draft.priority)),
    answered,
    draft.context === null ? undefined : quote(shorten(draft.context, LONGEST_CONTEXT)),
    renderMedia(draft, mediaPlace),
  );
}

/** How many files go out with it, and where to look at them. */
function renderMedia({ media }: DraftRow, place: string): Piece | undefined {
  const files = readMedia(media);
  return files.length === 0 ? undefined : `📎 ${count(files.length, 'file')}, ${place}`;
}

function priorityWords(priority: number): string {
  switch (priority) {
    case 1:
      return ' · ‼️ most urgent';
    case 2:
      return ' · ❗ urgent';
    case 4:
      return ' · can wait';
    case 5:
      return ' · whenever you like';
    default:
      return '';
  }
}

/** What is to be known of a draft that waits for a decision, besides its deadline. */
function renderOutlook(draft: DraftRow, setting: CardSetting, view: CardView): readonly (Piece | undefined)[] {
  if (draft.state !== 'pending') return [];
  const at = (time: number): Piece => clockTime(time, setting.timezone, setting.now);
  const { snoozedUntil, reviseInstruction, agent } = draft;
  return [
    draft.restoredAt === null
      ? undefined
      : `♻️ From a backup of ${dateAndTime(draft.restoredAt, setting.timezone, setting.now)}: it may have been decided since. Look before you approve`,
    snoozedUntil === null || snoozedUntil <= setting.now ? undefined : line('💤 Snoozed until ', at(snoozedUntil)),
    reviseInstruction === null
      ? undefined
      : line('🔁 Asked ', shorten(agent, 60), ' for another version: ', italic(shorten(reviseInstruction, 120))),
    renderPreflight(view.preflight),
    view.autoApproveAt === undefined
      ? undefined
      : line('🤖 Goes out by itself at ', at(view.autoApproveAt), ' unless you object'),
    view.isRuleOver === true ? '🤖 Your rule has reached its number for the day: it waits for you' : undefined,
    view.record === undefined ? undefined : italic(`Your decisions on ${shorten(agent, 60)}: ${view.record}`),
  ];
}

function renderPreflight(preflight: Preflight | undefined): Piece | undefined {
  switch (preflight?.kind) {
    case 'dead':
      return line('⚠️ ', bold(shorten(preflight.credential, 60)), ' is dead: it cannot go out now');
    case 'checking':
      return `🔎 checking ${shorten(preflight.credential, 60)}…`;
    default:
      return undefined;
  }
}

function renderDeadline(windowEndsAt: number | null, { now, timezone }: CardSetting): Piece {
  if (windowEndsAt === null) return '⏳ No deadline';
  return line('⏳ Decide by ', clockTime(windowEndsAt, timezone, now), ` · ${timeLeftWords(windowEndsAt - now)}`);
}

function renderState(draft: DraftRow, setting: CardSetting, view: CardView): Piece {
  const at = (time: number | null): Piece => (time === null ? '' : clockTime(time, setting.timezone, setting.now));
  const { who = '' } = view;
  switch (draft.state) {
    case 'pending':
      return lines(
        draft.reason === null ? undefined : line('⚠️ ', bold('Not published: '), shorten(draft.reason, 200)),
        renderDeadline(draft.windowEndsAt, setting),
      );
    case 'approved':
      return line('✅ Approved ', at(draft.decidedAt), who, renderWay(draft, setting, view));
    case 'publishing':
      return '📤 Approved, being published…';
    case 'published':
      return line(
        '✅ Published ',
        at(draft.decidedAt),
        draft.publishedUrl === null ? '' : line(' · ', link('see it live', draft.publishedUrl)),
        // With a reason, whoever decided last said that it is live; somebody else may have approved it.
        draft.reason === null ? (who === '' ? '' : ` · approved${who}`) : ` · ${shorten(draft.reason, 150)}`,
      );
    case 'unknown':
      return '❓ I do not know whether it went out: see my question below.';
    case 'rejected':
      return line(
        '🚫 Rejected ',
        at(draft.decidedAt),
        who,
        draft.reason === null ? '' : line(' · ', italic(shorten(draft.reason, 300))),
      );
    case 'expired':
      return line(
        '⌛ Expired ',
        at(draft.windowEndsAt),
        draft.reason === null ? ', undecided' : ` · ${shorten(draft.reason, 200)}`,
      );
  }
}

/** Where an approved draft is on its way out. */
function renderWay({ undoUntil }: DraftRow, { now, timezone }: CardSetting, { waiting }: CardView): Piece {
  if (waiting !== undefined) return ` · ${shorten(waiting, 200)}`;
  if (undoUntil === null || undoUntil <= now) return ', going out…';
  return line(', goes out at ', clockTime(undoUntil, timezone, now, undoUntil - now < 120_000 ? 'second' : 'minute'));
}
