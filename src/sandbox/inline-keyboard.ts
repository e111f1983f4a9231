/** Inline keyboards: the rules that no type states. */
import { badRequest } from './bot-error.ts';
import { checkedLink } from './links.ts';

/** A button, already validated against the specification. */
export interface InlineButton {
  readonly text: string;
  readonly style?: 'danger' | 'success' | 'primary';
  readonly callback_data?: string;
  readonly url?: string;
  readonly copy_text?: { readonly text: string };
  readonly disabled?: object;
}

/** Rows of buttons; empty where a message has none. */
export type InlineKeyboard = readonly (readonly InlineButton[])[];

/** The server refuses more; the number is known from practice, not documented. */
const maxButtons = 100;

/** The inline keyboard of a reply_markup, or an empty one; throws a BotApiRefusal where Telegram refuses a button. */
export function readKeyboard(replyMarkup: unknown): InlineKeyboard {
  const given = (replyMarkup as { inline_keyboard?: InlineKeyboard } | undefined)?.inline_keyboard ?? [];
  const keyboard = given.filter((row) => row.length > 0);
  const buttons = keyboard.flat();
  if (buttons.length > maxButtons) throw badRequest('reply markup is too long');
  for (const button of buttons) {
    if (button.text.trim() === '')
      throw badRequest("can't parse inline keyboard button: button text must be non-empty");
    if (button.url !== undefined && !/^tg:/i.test(button.url) && checkedLink(button.url) === undefined) {
      throw badRequest(`inline keyboard button URL '${button.url}' is invalid: Wrong HTTP URL`);
    }
  }
  return keyboard;
}

/** What a ForceReply puts into the empty field of its reader; undefined where the reply_markup is none. */
export function readForcedReply(replyMarkup: unknown): string | undefined {
  const markup = replyMarkup as { force_reply?: boolean; input_field_placeholder?: string } | undefined;
  return markup?.force_reply === true ? (markup.input_field_placeholder ?? '') : undefined;
}

/** The Bot API's form of a keyboard, to be spread into a message: nothing where there is none. */
export function renderReplyMarkup(keyboard: InlineKeyboard): {
  readonly reply_markup?: { inline_keyboard: InlineKeyboard };
} {
  return keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboard } };
}
