import { expect, test } from 'vitest';
import { writeAnew } from '../../../src/sandbox/demo/agents/versions.ts';

const TEXT = 'Leave it. There is a cup in our office with a thumb in the foot. “Receipt” is the word. ☕️';

test.each([
  ['shorter, please', 'Leave it.'],
  ['no emoji', 'Leave it. There is a cup in our office with a thumb in the foot. “Receipt” is the word.'],
  ['say it with an emoji', `${TEXT}`],
  [
    'warmer',
    'Thank you for asking! Leave it. There is a cup in our office with a thumb in the foot. “Receipt” is the word.',
  ],
])('the demo’s agents write a text anew for “%s”', (wish, written) => {
  expect(writeAnew(TEXT, wish)).toBe(written);
});

test('a demo text of one sentence becomes another text, whatever the wish', () => {
  for (const wish of ['shorter', 'in French', ''])
    expect(writeAnew('We open at noon.', wish)).not.toBe('We open at noon.');
});
