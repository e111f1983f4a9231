import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openXtermScreen } from '../../src/adapters/xterm-screen.ts';
import { readLoginScreen } from '../../src/credentials/login-screen.ts';

/** What a CLI printed on a terminal of 1000 columns, to be read as a person sees it. */
async function replay(name: string) {
  const screen = await openXtermScreen({ columns: 1_000, rows: 60 });
  screen.write(readFileSync(new URL(`../fixtures/logins/${name}`, import.meta.url)));
  const view = await screen.read();
  screen.close();
  return readLoginScreen(view);
}

function look(text: string, links: readonly string[] = []) {
  return readLoginScreen({ text, links });
}

test('claude setup-token 2.1.330 shows its link and asks for the code', async () => {
  expect(await replay('claude-2.1.330-asks.raw')).toEqual({
    link: 'https://claude.ai/oauth/authorize?IzzUr4zFhpVDbFOtnzqsYqsielgVQ3TqbkQtCdVfHOIw',
    userCode: undefined,
    question: 'Paste code here if prompted',
    options: [],
    isPlain: true,
    asked: 1,
    problem: undefined,
    wantsEnter: false,
  });
});

test('claude setup-token 2.1.330 says what is wrong with a code that was cut, and still asks', async () => {
  expect(await replay('claude-2.1.330-short-code.raw')).toMatchObject({
    question: 'Paste code here if prompted',
    problem: "That doesn't look like the full code. Copy all of it, including the # in the middle.",
  });
});

test('claude setup-token 2.1.330 wants Enter after a code that came to nothing', async () => {
  expect(await replay('claude-2.1.330-refused.raw')).toMatchObject({
    question: undefined,
    wantsEnter: true,
    problem: expect.stringContaining("OAuth error: Couldn't get an answer from the sign-in service"),
  });
});

test('codex login --device-auth 0.169.0 shows link and code, and asks nothing', async () => {
  expect(await replay('codex-0.169.0-device.raw')).toMatchObject({
    link: 'http://127.0.0.1:18555/codex/device',
    userCode: 'ABCD-EFGHI',
    question: undefined,
    problem: undefined,
    wantsEnter: false,
  });
});

test.each([
  ['in the text', 'Visit https://login.example.com/device to sign in.', 'https://login.example.com/device'],
  [
    'cut by the program at 80 columns',
    `Open:\nhttps://login.example.com/oauth/authorize?client_id=0123456789012345678901234567\n890&scope=a&state=xyz\n\nThen wait`,
    'https://login.example.com/oauth/authorize?client_id=0123456789012345678901234567890&scope=a&state=xyz',
  ],
  [
    'the one to log in with among others',
    'Terms: https://example.com/terms\nhttps://example.com/oauth/authorize?a=1\nHelp: https://example.com/help',
    'https://example.com/oauth/authorize?a=1',
  ],
  ['none', 'Opening your browser', undefined],
])('finds a link: %s', (_case, text, link) => {
  expect(look(text).link).toBe(link);
});

test('a link behind words is one, and one that runs into a sentence ends before its full stop', () => {
  expect(look('Click here', ['https://login.example.com/auth']).link).toBe('https://login.example.com/auth');
  expect(look('(see https://login.example.com/auth).').link).toBe('https://login.example.com/auth');
});

test.each([
  ['alone on its line', 'First copy your one-time code\n   AB12-CD34\nhttps://x.example/device', 'AB12-CD34'],
  ['behind the word', 'First copy your one-time code: ABCD-1234', 'ABCD-1234'],
  ['in a sentence', 'open https://m.example/devicelogin and enter the code ABCDE1234 to authenticate.', 'ABCDE1234'],
  ['none in ordinary words', 'Your code editor uses UTF-8. Visit https://x.example', undefined],
])('finds a code for the page: %s', (_case, text, code) => {
  expect(look(text).userCode).toBe(code);
});

test.each([
  ['Password:', 'Password:', true],
  ['Enter the verification code:', 'Enter the verification code:', true],
  ['Which account? ', 'Which account?', false],
  ['Continue? [y/N]', 'Continue? [y/N]', false],
  ['user@host name:', 'user@host name:', false],
  ['Working on it...', undefined, false],
])('takes %j for a question or not', (text, question, isPlain) => {
  expect(look(`Hello\n${text}`)).toMatchObject({ question, isPlain });
});

test('a browser that did not open is no failure', () => {
  expect(look("Browser didn't open? Use the URL below").problem).toBeUndefined();
});

test('a question that is asked again line by line counts once more', () => {
  expect(look('Password:\nSorry, try again.\nPassword:').asked).toBe(2);
});

test('what a question lists above itself is what there is to choose from, and nothing else of the screen', () => {
  const menu = 'Welcome to it\nSelect login method:\n  1. Claude account\n  2. API key\n\nChoice: ';

  expect(look(menu)).toMatchObject({ question: 'Choice:', options: ['1. Claude account', '2. API key'] });
  expect(look('1. Open the link\n2. Wait\nPassword: ').options).toEqual([]);
  expect(look('It is about to begin.\nWhich account? ').options).toEqual([]);
});
