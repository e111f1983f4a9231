import { expect, test } from 'vitest';
import { BotApiRefusal } from '../../src/sandbox/bot-error.ts';
import { loadSpecification } from '../../src/sandbox/specification.ts';
import type { Payload } from '../../src/sandbox/validation.ts';
import { createValidator } from '../../src/sandbox/validation.ts';

const validator = createValidator(loadSpecification());

function check(method: string, payload: Payload): string {
  try {
    validator.check(method, payload);
    return 'valid';
  } catch (error) {
    if (error instanceof BotApiRefusal) return error.message;
    throw error;
  }
}

function withButton(button: unknown): Payload {
  return { chat_id: 1, text: 'x', reply_markup: { inline_keyboard: [[button]] } };
}

test.each<[string, string, Payload, string]>([
  ['a missing chat', 'sendMessage', { text: 'x' }, 'Bad Request: chat_id is empty'],
  ['a missing text', 'sendMessage', { chat_id: 1 }, 'Bad Request: message text is empty'],
  ['a missing parameter', 'getChatMember', { chat_id: 1 }, 'Bad Request: sandbox: user_id is missing'],
  ['a null parameter', 'sendMessage', { chat_id: null, text: 'x' }, 'Bad Request: chat_id is empty'],
  ['an unknown parameter', 'getMe', { foo: 1 }, 'Bad Request: sandbox: getMe has no field foo'],
  ['a number for a text', 'sendMessage', { chat_id: 1, text: 2 }, 'Bad Request: sandbox: text must be a string'],
  [
    'a text for a number',
    'deleteMessage',
    { chat_id: 1, message_id: '2' },
    'Bad Request: sandbox: message_id must be a number',
  ],
  [
    'a text for a boolean',
    'sendMessage',
    { chat_id: 1, text: 'x', disable_notification: 'yes' },
    'Bad Request: sandbox: disable_notification must be a boolean',
  ],
  ['an object for an array', 'setMyCommands', { commands: {} }, 'Bad Request: sandbox: commands must be an array'],
  [
    'an unknown update kind',
    'getUpdates',
    { allowed_updates: ['mesage'] },
    'Bad Request: sandbox: allowed_updates[0] must be a kind of getUpdates.allowed_updates, and none is "mesage"',
  ],
  [
    'an unknown nested field',
    'sendMessage',
    { chat_id: 1, text: 'x', reply_parameters: { message: 1 } },
    'Bad Request: sandbox: ReplyParameters has no field reply_parameters.message',
  ],
  [
    'an entity without its url',
    'sendMessage',
    { chat_id: 1, text: 'x', entities: [{ type: 'text_link', offset: 0, length: 1 }] },
    'Bad Request: sandbox: entities[0].url is missing',
  ],
  [
    'too long an answer',
    'answerCallbackQuery',
    { callback_query_id: '1', text: 'x'.repeat(201) },
    'Bad Request: MESSAGE_TOO_LONG',
  ],
  [
    'a command without description',
    'setMyCommands',
    { commands: [{ command: 'a', description: '' }] },
    'Bad Request: BOT_COMMAND_DESCRIPTION_INVALID',
  ],
])('refuses %s', (_, method, payload, wording) => {
  expect(check(method, payload)).toBe(wording);
});

test.each<[string, unknown, string]>([
  [
    'without an action',
    { text: 'a' },
    "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
  ],
  [
    'with two actions',
    { text: 'a', callback_data: 'x', url: 'https://a.example' },
    'Bad Request: sandbox: reply_markup.inline_keyboard[0][0] must be a kind of InlineKeyboardButton, ' +
      'and none is one with text, callback_data, url',
  ],
  ['with empty data', { text: 'a', callback_data: '' }, 'Bad Request: BUTTON_DATA_INVALID'],
  ['with data of 65 bytes', { text: 'a', callback_data: 'ä'.repeat(32) + 'x' }, 'Bad Request: BUTTON_DATA_INVALID'],
  [
    'with an unknown style',
    { text: 'a', callback_data: 'x', style: 'pink' },
    "Bad Request: can't parse inline keyboard button: invalid button style specified",
  ],
  [
    'with 257 characters to copy',
    { text: 'a', copy_text: { text: 'x'.repeat(257) } },
    'Bad Request: BUTTON_COPY_TEXT_INVALID',
  ],
])('refuses a button %s', (_, button, wording) => {
  expect(check('sendMessage', withButton(button))).toBe(wording);
});

test.each<[string, unknown]>([
  ['with data of 64 bytes', { text: 'a', callback_data: 'ä'.repeat(32), style: 'success' }],
  ['that is disabled', { text: 'a', disabled: {} }],
  ['that copies a text', { text: 'a', copy_text: { text: 'x' } }],
  ['with a link', { text: 'a', url: 'https://a.example' }],
])('takes a button %s', (_, button) => {
  expect(check('sendMessage', withButton(button))).toBe('valid');
});

test('takes a chat as a number and as a text', () => {
  expect(check('sendMessage', { chat_id: 1, text: 'x' })).toBe('valid');
  expect(check('sendMessage', { chat_id: '1', text: 'x' })).toBe('valid');
});

test('finds a method whatever the case of its letters', () => {
  expect(validator.findMethod('SENDMESSAGE')).toBe('sendMessage');
  expect(validator.findMethod('sendMessages')).toBeUndefined();
});
