import { expect, test } from 'vitest';
import { looksLikeCode, readAnswer, secretsIn } from '../../src/credentials/login-answer.ts';

const QUESTION = 'Paste code here if prompted';
const LONG = 'sk-ant-oat01-TEST-'.padEnd(110, 'aB3');

test.each([
  ['a code', 'TESTcode#TESTstate', 'TESTcode#TESTstate'],
  ['blanks and invisible characters around it', ' \u200bTESTcode#TESTstate\u200b\n', 'TESTcode#TESTstate'],
  ['a token that a window cut at 80 columns', `${LONG.slice(0, 80)}\n${LONG.slice(80)}`, LONG],
  ['one whose lines are indented', `  ${LONG.slice(0, 60)}\r\n  ${LONG.slice(60)}`, LONG],
  ['one that was cut with a blank', `${LONG.slice(0, 80)} ${LONG.slice(80)}`, LONG],
  ['groups of digits', '123 456', '123456'],
  ['six digits', '123456', '123456'],
])('types %s', (_case, message, text) => {
  expect(readAnswer(message, QUESTION)).toEqual({ kind: 'typed', text });
});

test.each([
  ['nothing', '\u200b \n', 'nothing in it'],
  ['a sentence', 'where do I find that code?', 'several words'],
  ['two words', 'my code', 'several words'],
  ['a link', 'https://login.example.com/callback?code=TESTcode', 'a link'],
  ['another alphabet', 'код12345', 'no code has'],
  ['an emoji', '👍', 'no code has'],
  ['a word that is too short', 'ok', 'too short'],
])('refuses %s for a code', (_case, message, why) => {
  expect(readAnswer(message, QUESTION)).toEqual({ kind: 'refused', why: expect.stringContaining(why) });
});

test('a password may hold blanks, and is typed as it stands', () => {
  expect(readAnswer('correct horse battery', 'Password:')).toEqual({ kind: 'typed', text: 'correct horse battery' });
  expect(readAnswer('one\ntwo', 'Password:')).toMatchObject({ kind: 'refused' });
});

test('any other question takes a short answer, and no remark', () => {
  expect(readAnswer('y', 'Continue? [y/N]')).toEqual({ kind: 'typed', text: 'y' });
  expect(readAnswer('I do not know what it wants from me', 'Which account?')).toMatchObject({ kind: 'refused' });
});

test.each([
  ['TESTcode4711#TESTstate', true],
  [LONG, true],
  [`${LONG.slice(0, 80)}\n${LONG.slice(80)}`, true],
  ['https://login.example.com/callback?code=TESTcode', true],
  ['12345678', true],
  ['https://example.com/docs', false],
  ['thanks', false],
  ['what is going on?', false],
  ['ok 123', false],
])('knows whether %j is most likely a code', (message, is) => {
  expect(looksLikeCode(message)).toBe(is);
});

test('what is scrubbed of an answer are its whole, its lines and its parts, but no short words', () => {
  expect(secretsIn('TESTcode4711#TESTstate\nabc')).toEqual([
    'TESTcode4711#TESTstate\nabc',
    'TESTcode4711#TESTstateabc',
    'TESTcode4711#TESTstate',
    'TESTcode4711',
    'TESTstateabc',
  ]);
});
