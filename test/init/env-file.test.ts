import { expect, test } from 'vitest';
import { withVariable } from '../../src/init/env-file.ts';

test.each([
  ['an empty .env gets the line', '', 'T=1\n'],
  ['a .env without a last newline gets one before the line', 'A=b', 'A=b\nT=1\n'],
  ['the line of that variable is replaced, and no other', 'A=b\nT=old\nTT=2\n', 'A=b\nT=1\nTT=2\n'],
  ['an exported variable is replaced', 'export T = old\n', 'T=1\n'],
])('%s in the environment file', (_fact, before, after) => {
  expect(withVariable(before, 'T', '1')).toBe(after);
});
