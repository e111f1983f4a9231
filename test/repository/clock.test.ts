import { expect, test } from 'vitest';
import { readSources } from './source-files.ts';

/** Where time may be read from the machine itself: the linter says so for Date.now, but cannot say it for `new Date()`. */
const CLOCK_OWNERS = /^src\/(adapters|sandbox|operator|gateway\/agent-commands)/;

test('nobody but the owners of the clock asks new Date() for the time', () => {
  const sources = readSources(['src', 'commands', 'conversations', 'storage']);

  const offenders = sources.filter(
    ({ path, text }) =>
      !CLOCK_OWNERS.test(path) && /\bnew Date(\(\s*\)|(?!\w|\())|(?<![.\w] ?|new )\bDate\(\)/.test(text),
  );

  expect(offenders.map(({ path }) => path)).toEqual([]);
});
