import { expect, test } from 'vitest';
import type { DarkCause } from '../../src/sentinel/life.ts';
import type { News } from '../../src/sentinel/outage.ts';
import { isSilentNews, renderNews, type Setting } from '../../src/sentinel/words.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const SETTING: Setting = {
  now: NOW,
  timezone: 'UTC',
  host: 'mini',
  file: undefined,
  freeBytes: 5e9,
  home: '/home/ada/fleet/state',
  brokenBecause: undefined,
  service: undefined,
  failedWith: undefined,
};

function dark(cause: DarkCause): News {
  return { kind: 'dark', outage: { cause, since: NOW - 10_000 } };
}

test.each<[service: Setting['service'], words: string]>([
  ['system', 'On that machine: systemctl status nightdesk'],
  ['system', 'If it stays down: systemctl reset-failed nightdesk; systemctl start nightdesk'],
  ['user', 'On that machine: systemctl --user status nightdesk'],
  ['user', 'If it stays down: systemctl --user reset-failed nightdesk; systemctl --user start nightdesk'],
  [undefined, 'On that machine: nightdesk check --config fleet.yaml, and start it again.'],
])('for a service of "%s" the sentinel says: %s', (service, words) => {
  expect(renderNews(dark('gone'), { ...SETTING, service }).split('\n')).toContainEqual(expect.stringContaining(words));
});

test('agents of a service are told as ended with it, others as left behind', () => {
  expect(renderNews(dark('gone'), { ...SETTING, service: 'user' })).toContain('Its agents were ended with it');
  expect(renderNews(dark('gone'), SETTING)).toContain('Agents that were running may go on');
  expect(renderNews(dark('silent'), { ...SETTING, service: 'user' })).toContain('Agents that were running may go on');
});

test('a start that failed after a stop is told aloud, with what systemd says of it', () => {
  const text = renderNews(dark('not-started'), { ...SETTING, service: 'system', failedWith: 'exit-code 78' });

  expect(text).toMatch(/^🔴 Nightdesk is dark on mini\.\nIt was stopped at 11:59, and then did not start\./);
  expect(text).toContain('systemd has given it up (exit-code 78): it stays down until it is started.');
  expect([isSilentNews(dark('not-started')), isSilentNews(dark('stopped'))]).toEqual([false, true]);
});
