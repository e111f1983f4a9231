import type { DraftRow, DraftState } from '../../../storage/draft-store.ts';
import type { Content } from '../outbox.ts';
import { draftButtons } from './draft-buttons.ts';
import type { CardSetting, CardView } from './draft-card.ts';
import { bold, clockTime, duration, line, lines, type Piece, quote, richText, shorten } from './words.ts';

/** How much of its text stands under a reminder: enough to know which one it is; the card that it answers has all of it. */
const LONGEST_EXCERPT = 200;

const FATES: Readonly<Record<DraftState, string>> = {
  pending: '',
  approved: '✅ approved',
  publishing: '📤 approved, being published',
  published: '✅ published',
  unknown: '❓ approved, and I do not know whether it went out',
  rejected: '🚫 rejected',
  expired: '⌛ expired',
};

/** Why the owner hears of a draft again. */
export type ReminderCause = 'reminder' | 'woken';

/** Key of the message that reminds of a draft at that percent of its window. */
export function reminderKey(draftId: number, percent: number): string {
  return `reminder:${draftId}:${percent}`;
}

/** Key of the message that brings a draft back whose snooze ended then. */
export function wokenKey(draftId: number, wokenAt: number): string {
  return `woken:${draftId}:${wokenAt}`;
}

/** Key of the message that tells that a rule approved this text. */
export function ruleKey(draft: Pick<DraftRow, 'id' | 'revision'>): string {
  return `rule:${draft.id}:r${draft.revision}`;
}

/** A reminder as the draft stands: what is left, and the buttons of its card; one without a card names the way to its text instead. */
export function renderReminder(
  draft: DraftRow,
  cause: ReminderCause,
  hasCard: boolean,
  setting: CardSetting,
  view: CardView,
): Content {
  const head = line(cause === 'woken' ? '🔔 ' : '⏰ ', bold(`Draft #${draft.id}`), ' to ', bold(shortTo(draft)));
  if (draft.state !== 'pending')
    return { kind: 'text', body: richText(line(head, `: ${FATES[draft.state]}`)), buttons: [] };
  return {
    kind: 'text',
    body: richText(
      lines(
        line(head, cause === 'woken' ? ' is back' : ' still waits for you'),
        renderLeft(draft, setting),
        quote(shorten(draft.body, LONGEST_EXCERPT)),
        hasCard ? undefined : 'Look at it: /drafts',
      ),
    ),
    buttons: hasCard ? draftButtons(draft, setting, view) : [],
  };
}

/** What is told of an approval by a rule, as the draft stands. */
export function renderRuleMessage(
  draft: DraftRow,
  rule: { readonly afterMs: number; readonly perDay: number },
  setting: CardSetting,
  view: CardView,
): Content {
  const isOut = draft.state === 'published' || draft.state === 'publishing' || draft.state === 'approved';
  const fate = isOut ? '' : ` Now: ${draft.state === 'pending' ? 'taken back, it waits for you' : FATES[draft.state]}.`;
  return {
    kind: 'text',
    body: richText(
      lines(
        line(
          '🤖 ',
          bold(`Draft #${draft.id}`),
          ' to ',
          bold(shortTo(draft)),
          draft.state === 'approved' ? ' goes out by your rule' : ' went out by your rule',
        ),
        `Nobody objected within ${duration(rule.afterMs)} · at most ${rule.perDay} ${shorten(draft.kind, 60)} a day.${fate}`,
      ),
    ),
    buttons: draft.state === 'approved' ? draftButtons(draft, setting, view) : [],
  };
}

function renderLeft(draft: DraftRow, { now, timezone }: CardSetting): Piece {
  if (draft.windowEndsAt === null) return '⏳ No deadline';
  return line(
    '⏳ ',
    bold(duration(draft.windowEndsAt - now)),
    ' left, until ',
    clockTime(draft.windowEndsAt, timezone, now),
  );
}

function shortTo(draft: DraftRow): string {
  return shorten(draft.recipient, 100);
}
