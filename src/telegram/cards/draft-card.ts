import type { DraftRow } from '../../../storage/draft-store.ts';
import type { CallbackData, Verb } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import {
  bold,
  clockTime,
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
const LONGEST_FOOT = 500;
/** What a quotation of the post answered may take of a card. */
const LONGEST_CONTEXT = 500;

/** What a card needs besides the draft. */
export interface CardSetting {
  readonly timezone: string;
  readonly now: number;
  readonly callbackData: CallbackData;
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
 * The card of a draft as it stands: who wrote what to whom, the whole text, the time left, and the buttons that the state allows.
 * A text that does not fit a message goes as a document on the same message, so that no Approve stands under half a text.
 * `waiting` says why an approved draft has not gone out yet.
 */
export function renderDraftCard(draft: DraftRow, setting: CardSetting, waiting?: string): Content {
  const head = renderHead(draft);
  const foot = renderState(draft, setting, waiting);
  const buttons = draft.state === 'pending' ? [decisionButtons(draft, setting.callbackData)] : [];
  return fitsMessage(draft, head)
    ? { kind: 'text', body: richText(lines(head, '', draft.body, '', foot)), buttons }
    : asDocument(draft, head, foot, buttons);
}

/** The old card after its text was replaced. */
export function renderReplacedCard(draft: DraftRow, shown: DraftRow): Content {
  const head = renderHead(shown);
  const foot = italic(`✏️ Replaced by revision ${draft.revision}, below.`);
  return fitsMessage(shown, head)
    ? { kind: 'text', body: richText(lines(head, '', shown.body, '', foot)), buttons: [] }
    : asDocument(shown, head, foot, []);
}

/** Whether a message takes the whole text, whatever becomes of the draft. */
function fitsMessage(draft: DraftRow, head: Piece): boolean {
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
          'The publisher was cut off while it was publishing to ',
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
        button('It is live', 'live', draft, setting.callbackData, 'success'),
        button('Publish again', 'again', draft, setting.callbackData, 'danger'),
      ],
    ],
  };
}

function asDocument(draft: DraftRow, head: Piece, foot: Piece, buttons: readonly (readonly Button[])[]): Content {
  const tail = ['📄 The whole text is in the file.', foot] as const;
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
  return lines(bold(`✍️ Draft #${draft.id}`), line('To ', bold(shorten(draft.recipient, 200))));
}

function renderHead(draft: DraftRow): Piece {
  const answered =
    draft.url === null ? undefined : line('🔗 ', link(shorten(draft.url.replace(/^https?:\/\//i, ''), 80), draft.url));
  return lines(
    line(
      bold(`✍️ Draft #${draft.id}`),
      ` · ${shorten(draft.kind, 60)} by `,
      bold(draft.agent),
      draft.revision === 1 ? '' : ` · revision ${draft.revision}`,
    ),
    line('To ', bold(shorten(draft.recipient, 200)), draft.priority === 3 ? '' : ` · priority ${draft.priority}`),
    answered,
    draft.context === null ? undefined : quote(shorten(draft.context, LONGEST_CONTEXT)),
  );
}

function renderState(draft: DraftRow, setting: CardSetting, waiting: string | undefined): Piece {
  const at = (time: number | null): Piece => (time === null ? '' : clockTime(time, setting.timezone, setting.now));
  switch (draft.state) {
    case 'pending':
      return lines(
        draft.reason === null ? undefined : line('⚠️ ', bold('Not published: '), shorten(draft.reason, 200)),
        draft.windowEndsAt === null ? '⏳ No deadline' : line('⏳ Decide by ', at(draft.windowEndsAt)),
      );
    case 'approved':
      return line(
        '✅ Approved ',
        at(draft.decidedAt),
        waiting === undefined ? ', going out…' : ` · ${shorten(waiting, 200)}`,
      );
    case 'publishing':
      return '📤 Approved, being published…';
    case 'published':
      return line(
        '✅ Published ',
        at(draft.decidedAt),
        draft.publishedUrl === null ? '' : line(' · ', link('see it live', draft.publishedUrl)),
        draft.reason === null ? '' : ` · ${shorten(draft.reason, 150)}`,
      );
    case 'unknown':
      return '❓ I do not know whether it went out: see my question below.';
    case 'rejected':
      return line(
        '🚫 Rejected ',
        at(draft.decidedAt),
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

function decisionButtons(draft: DraftRow, callbackData: CallbackData): readonly Button[] {
  return [
    button('Approve', 'approve', draft, callbackData, 'success'),
    button('Edit', 'edit', draft, callbackData),
    button('Reject', 'reject', draft, callbackData, 'danger'),
  ];
}

function button(
  text: string,
  verb: Verb,
  draft: DraftRow,
  callbackData: CallbackData,
  style?: Button['style'],
): Button {
  const data = callbackData.sign({ verb, id: draft.id, revision: draft.revision }, draft.hash);
  return style === undefined ? { text, data } : { text, data, style };
}
