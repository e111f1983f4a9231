import { describe, expect, it } from 'vitest';
import { createScrubber } from '../src/secrets.ts';

const { scrub } = createScrubber([]);
const TOKEN = `123456789:${'TEST-'.repeat(7)}`;

describe('scrubbing', () => {
  it('leaves ordinary text alone', () => {
    const text = 'run 7 of scout took 12:30, bearer of bad news, see https://x.example/bot/1';

    expect(scrub(text)).toBe(text);
  });

  it.each([
    ['a bot token', `token ${TOKEN} here`, 'token [secret] here'],
    [
      'a bot token in a URL',
      `https://api.telegram.example/bot${TOKEN}/getMe`,
      'https://api.telegram.example/bot[secret]/getMe',
    ],
    ['a bot token whose colon is encoded', TOKEN.replace(':', '%3A'), '[secret]'],
    ['an Anthropic key', 'key=sk-ant-oat01-TEST_TEST-TEST.', 'key=[secret].'],
    ['an authorization header', 'Authorization: Bearer TEST.TEST.TEST-TEST-TEST', 'Authorization: Bearer [secret]'],
    [
      'an authorization header in lower case',
      '"authorization":"bearer TESTTESTTESTTESTTEST"',
      '"authorization":"bearer [secret]"',
    ],
    ['a GitHub token', `ghp_${'TEST'.repeat(9)}`, '[secret]'],
  ])('takes out %s', (_, text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  it('takes out every known secret, everywhere', () => {
    const scrubber = createScrubber(['hunter2-hunter2']);

    expect(scrubber.scrub('hunter2-hunter2, again hunter2-hunter2')).toBe('[secret], again [secret]');
  });

  it('takes out a secret as it looks inside JSON and inside a URL', () => {
    const secret = 'a"b/c d\\e+f';
    const scrubber = createScrubber([secret]);

    expect(scrubber.scrub(JSON.stringify({ secret }))).toBe('{"secret":"[secret]"}');
    expect(scrubber.scrub(`https://x.example/?s=${encodeURIComponent(secret)}`)).toBe('https://x.example/?s=[secret]');
  });

  it('takes out the longer secret when one holds the other', () => {
    const scrubber = createScrubber(['password', 'password-of-the-owner']);

    expect(scrubber.scrub('password-of-the-owner')).toBe('[secret]');
  });

  it.each([
    ['its beginning at the end of a text', 'the key is hunter2-hun', 'the key is [secret]'],
    ['its end at the beginning of a text', 'ter2-of-the-owner is the key', '[secret] is the key'],
    ['its beginning before a cut', 'run: login hunter2-h… 12 times', 'run: login [secret]… 12 times'],
    ['its end behind a cut', '…-the-owner is the key', '…[secret] is the key'],
    ['fewer than eight characters of it', 'the key is hunter2', 'the key is hunter2'],
    ['its beginning within other words', 'hunter2-hunting is allowed', 'hunter2-hunting is allowed'],
  ])('takes out what a cut left of a known secret: %s', (_, text, expected) => {
    expect(createScrubber(['hunter2-hunter2-of-the-owner']).scrub(text)).toBe(expected);
  });

  it('ignores known secrets that are shorter than eight characters', () => {
    expect(createScrubber(['short', '']).scrub('a short text')).toBe('a short text');
  });

  it('knows a secret from the moment it was added', () => {
    const scrubber = createScrubber([]);

    scrubber.add('generation-eight');

    expect(scrubber.scrub('generation-eight')).toBe('[secret]');
  });

  it('takes no more than linear time for hostile text', () => {
    const startedAt = performance.now();

    for (const text of ['1', '123456:', 'bearer ', 'sk-ant-', 'xoxb-']) scrub(text.repeat(200_000));

    // Quadratic searching would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  }, 60_000);
});
