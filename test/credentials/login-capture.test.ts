import { expect, test } from 'vitest';
import { captureSecret } from '../../src/credentials/login-capture.ts';

const PATTERN = 'sk-ant-oat01-[A-Za-z0-9_-]+';
const TOKEN = `sk-ant-oat01-TEST-${'aB3_'.repeat(22)}-end`;

test.each([
  ['on a line of its own', `Your token:\n\n${TOKEN}\n\nStore this token securely.`],
  ['in a frame', `╭──╮\n│ ${TOKEN} │\n╰──╯`],
  ['cut at 80 columns', `Your token:\n${TOKEN.slice(0, 80)}\n${TOKEN.slice(80)}\nStore this token securely.`],
  ['cut and indented', `  ${TOKEN.slice(0, 76)}\n  ${TOKEN.slice(76)}\n\nDone`],
  ['in the middle of a line', `export TOKEN=${TOKEN}`],
])('finds a token %s of the screen', (_case, screen) => {
  expect(captureSecret(PATTERN, screen, '')).toBe(TOKEN);
});

test('a line that is no part of the token is not joined to it', () => {
  expect(captureSecret(PATTERN, `sk-ant-oat01-TEST-short\nDone`, '')).toBe('sk-ant-oat01-TEST-short');
});

test('a screen that was cleared at the end is no loss: all that was printed is looked through, without its escapes', () => {
  const printed = `\u001b[?25l\u001b[2J\u001b[HYour\u001b[1Gtoken:\u001b[2;1H\u001b[33m${TOKEN}\u001b[39m\u001b[4;1HStore\u001b[?1049l`;

  expect(captureSecret(PATTERN, '', printed)).toBe(TOKEN);
});

test('a token that its link repeats is found once, as it stands on the screen', () => {
  expect(
    captureSecret(PATTERN, 'nothing here', `\u001b]8;;https://x.example\u0007link\u001b]8;;\u0007\r\n${TOKEN}\r\n`),
  ).toBe(TOKEN);
});

test('what does not fit the expression is nothing', () => {
  expect(captureSecret(PATTERN, 'sk-ant-api03-TEST', 'error')).toBeUndefined();
});
