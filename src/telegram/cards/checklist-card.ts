import type { Item, MendButton } from '../../checklist/item.ts';
import { ageOf, countItems, describeChecklist, ITEM_SIGNS, sortItems } from '../../checklist/report.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { bold, clockTime, code, italic, line, lines, LONGEST_TEXT, type Piece, richText, shorten } from './words.ts';

/** What a button of the checklist does, by the choice that it carries. */
const MEND_KINDS: readonly (MendButton['kind'] | 'refresh')[] = ['refresh', 'drill', 'check', 'reauth', 'backup'];
/** Buttons for more than the first few things would push the list off the screen. */
const MOST_BUTTONS = 6;
const LONGEST_EVIDENCE = 240;
const SHORT_EVIDENCE = 90;

/** What a press on a button of the checklist is bound to. */
export function mendBinding(button: MendButton | { readonly kind: 'refresh' }): string {
  switch (button.kind) {
    case 'drill':
      return `mend:drill:${button.drill}`;
    case 'check':
    case 'reauth':
      return `mend:${button.kind}:${button.credential}`;
    case 'backup':
    case 'refresh':
      return `mend:${button.kind}`;
  }
}

/** Which kind of button a choice stands for; undefined: one of another version. */
export function mendKind(choice: number | undefined): MendButton['kind'] | 'refresh' | undefined {
  return choice === undefined ? undefined : MEND_KINDS[choice];
}

/** The checklist as one message: what fails first, each with what to do; what does not fit goes as a file. `isChange`: of a message that is shown. */
export function renderChecklist(
  items: readonly Item[],
  view: {
    readonly now: number;
    readonly timezone: string;
    readonly callbackData: CallbackData;
    readonly isChange: boolean;
  },
): Content {
  const buttons = renderButtons(items, view.callbackData);
  for (const longest of [LONGEST_EVIDENCE, SHORT_EVIDENCE]) {
    const body = richText(renderItems(items, view, longest));
    if (body.text.length <= LONGEST_TEXT) return { kind: 'text', body, buttons };
  }
  const head = richText(renderHead(items, view));
  // A text stays a text: Telegram makes no file of it.
  if (view.isChange) {
    const text = richText(renderItems(items, view, SHORT_EVIDENCE)).text;
    return { kind: 'text', body: { text: shorten(text, LONGEST_TEXT), entities: [] }, buttons };
  }
  const content = `${describeChecklist(items, view.now, false).join('\n')}\n`;
  return { kind: 'document', name: 'checklist.txt', content, body: head, buttons };
}

function renderHead(
  items: readonly Item[],
  { now, timezone }: { readonly now: number; readonly timezone: string },
): Piece {
  return line(bold('📋 Checklist'), ' · ', clockTime(now, timezone, now, 'second'), `\n${countItems(items)}`);
}

function renderItems(items: readonly Item[], view: Parameters<typeof renderHead>[1], longest: number): Piece {
  const sorted = sortItems(items);
  const open = sorted.filter(({ state }) => state === 'fail' || state === 'unknown');
  const notHere = sorted.filter(({ state }) => state === 'not-here').map(({ title }) => title);
  return lines(
    renderHead(items, view),
    '',
    ...open.map((item) => renderOpen(item, view.now, longest)),
    open.length === 0 ? undefined : '',
    ...sorted
      .filter(({ state }) => state === 'pass')
      .map((item) => `${ITEM_SIGNS.pass} ${item.title} · ${ageOf(item, view.now) ?? 'no age'}`),
    notHere.length === 0 ? undefined : `${ITEM_SIGNS['not-here']} does not apply: ${notHere.join(', ')}`,
  );
}

function renderOpen(item: Item, now: number, longest: number): Piece {
  const age = ageOf(item, now);
  return lines(
    line(
      `${ITEM_SIGNS[item.state]} `,
      bold(item.title),
      `: ${shorten(item.evidence, longest)}${age === undefined ? '' : ` (${age})`}`,
    ),
    item.mend === null ? undefined : line('→ ', ...renderMend(shorten(item.mend, longest))),
  );
}

/** Commands with what follows them: a tap copies the whole, where an app would send the first word alone. */
const COMMAND = /(?<=^|\s|\()(\/(?:drill|reauth|run|workstate) [\w-]+(?: now)?|\/(?:reload|status|why|log)\b)/;

function renderMend(mend: string): readonly Piece[] {
  return mend.split(COMMAND).map((part, index) => (index % 2 === 1 ? code(part) : part === '' ? '' : italic(part)));
}

function renderButtons(items: readonly Item[], callbackData: CallbackData): readonly (readonly Button[])[] {
  const wanted = new Map<string, Button>();
  for (const { button } of sortItems(items)) {
    if (button === undefined || wanted.size >= MOST_BUTTONS) continue;
    wanted.set(mendBinding(button), { text: labelOf(button), data: sign(button, callbackData) });
  }
  const all = [...wanted.values()];
  const rows = all.flatMap((button, index) => (index % 2 === 0 ? [[button, ...all.slice(index + 1, index + 2)]] : []));
  return [...rows, [{ text: '🔄 Refresh', data: sign({ kind: 'refresh' }, callbackData) }]];
}

function sign(button: MendButton | { readonly kind: 'refresh' }, callbackData: CallbackData): string {
  // To look anew is for everybody who sees the list; to mend is not.
  const verb = button.kind === 'refresh' ? 'checklist' : 'mend';
  const press = { verb, id: 0, revision: 0, choice: MEND_KINDS.indexOf(button.kind) } as const;
  return callbackData.sign(press, mendBinding(button));
}

function labelOf(button: MendButton): string {
  switch (button.kind) {
    case 'drill':
      return `🧪 Drill ${button.drill}`;
    case 'check':
      return `🔑 Check ${shorten(button.credential, 20)}`;
    case 'reauth':
      return `🔑 Re-auth ${shorten(button.credential, 20)}`;
    case 'backup':
      return '💾 Back up now';
  }
}
