import type { DraftRow } from '../../../storage/draft-store.ts';
import { offerSnoozes, SNOOZE_BACK } from '../../drafts/snooze.ts';
import type { CallbackData, Verb } from '../callback-data.ts';
import type { Button } from '../outbox.ts';
import type { CardSetting, CardView } from './draft-card.ts';
import { reauthButton } from './login-card.ts';

/** Buttons in one row of a phone whose labels have two words. */
const TIMES_IN_A_ROW = 3;
/** What a third of a row shows of a label before Telegram cuts it off. */
const THIRD_OF_A_ROW = 11;

/** What can be done with a draft as it stands, in the two rows of a phone. */
export function draftButtons(
  draft: DraftRow,
  { callbackData, canLogIn }: CardSetting,
  view: CardView,
): readonly (readonly Button[])[] {
  if (draft.state === 'approved')
    return view.canUndo === true ? [[draftButton('Undo', 'undo', draft, callbackData)]] : [];
  if (draft.state !== 'pending') return [];
  const preflight = view.preflight ?? { kind: 'ready' };
  const first = [
    ...(preflight.kind === 'ready' ? [draftButton('Approve', 'approve', draft, callbackData, 'success')] : []),
    ...(preflight.kind === 'dead' && canLogIn?.(preflight.credential) !== false
      ? [reauthButton(preflight.credential, callbackData)]
      : []),
  ];
  return [
    [
      ...first,
      draftButton('Edit', 'edit', draft, callbackData),
      draftButton('Reject', 'reject', draft, callbackData, 'danger'),
    ],
    [draftButton('Snooze', 'snooze', draft, callbackData), draftButton('Revise', 'revise', draft, callbackData)],
  ];
}

/** The times that a draft can be put off to, in place of its buttons; undefined: too little time is left for any. */
export function snoozeButtons(
  draft: DraftRow,
  { callbackData, now, timezone }: CardSetting,
): readonly (readonly Button[])[] | undefined {
  const offers = offerSnoozes(now, draft.windowEndsAt, timezone);
  if (offers.length === 0) return undefined;
  const times = offers.map(({ choice, label }) => ({ text: label, data: signSnooze(draft, choice, callbackData) }));
  const short = times.filter(({ text }) => text.length <= THIRD_OF_A_ROW);
  const rows = Array.from({ length: Math.ceil(short.length / TIMES_IN_A_ROW) }, (_, row) =>
    short.slice(row * TIMES_IN_A_ROW, (row + 1) * TIMES_IN_A_ROW),
  );
  const long = times.filter((time) => !short.includes(time)).map((time) => [time]);
  return [...rows, ...long, [{ text: '« Back', data: signSnooze(draft, SNOOZE_BACK, callbackData) }]];
}

function signSnooze(draft: DraftRow, choice: number, callbackData: CallbackData): string {
  return callbackData.sign({ verb: 'snooze', id: draft.id, revision: draft.revision, choice }, draft.hash);
}

/** A button of a draft, bound to this revision and its text. */
export function draftButton(
  text: string,
  verb: Verb,
  draft: DraftRow,
  callbackData: CallbackData,
  style?: Button['style'],
): Button {
  const data = callbackData.sign({ verb, id: draft.id, revision: draft.revision }, draft.hash);
  return style === undefined ? { text, data } : { text, data, style };
}
