import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import { describePlan, nextDue } from '../../src/config/plan.ts';
import { renderProblem } from '../../src/config/problem.ts';
import { createProgramFinder } from '../../src/config/programs.ts';
import { createFleetFolder } from './fleet-folder.ts';

const EXAMPLE = readFileSync(new URL('./fixtures/contract.yaml', import.meta.url), 'utf8');
const NOW = Date.parse('2026-11-22T05:30:00Z');
const HEAD = 'timezone: Europe/Berlin\ntelegram: { owners: [7] }\n';

test("plans the contract's example", () => {
  using place = createFleetFolder();
  const loaded = place.loaded(EXAMPLE, { FEED_URL: 'x' });

  const { lines, problems } = describePlan(loaded, NOW, () => true);

  expect(problems).toEqual([]);
  expect(lines.slice(0, 11)).toEqual([
    `timezone Europe/Berlin, state in ${join(place.folder, 'state')}, at most 32 runs at once`,
    'agents:',
    '  scout (claude): every 5m, 07:00-23:00; next run 2026-11-22 07:00; credentials claude',
    '  publisher (command): when a draft waits for it; publishes reply, post',
    'credentials:',
    '  claude: checked every 15m; login by claude setup-token; expires 2027-01-15 00:00; rotated every 45d at 04:00; needed by scout',
    'publishers:',
    '  reply: publisher',
    '  post: publisher',
    'digests:',
    '  by cron "0 8 * * *"; next 2026-11-22 08:00',
  ]);
});

test('tells the next run of each agent on the wall of the fleet', () => {
  using place = createFleetFolder();
  const loaded = place.loaded(`${HEAD}
agents:
  often: { runtime: command, command: [x], schedule: every 5m, active: "07:00-23:00" }
  daily: { runtime: command, command: [x], schedule: "30 8 * * *" }
  seconds: { runtime: command, command: [x], schedule: "15 * * * * *" }
  always: { runtime: command, command: [x], schedule: continuous }
  woken: { runtime: command, command: [x], on: task }
  never: { runtime: command, command: [x], schedule: "0 3 * * *", active: "07:00-23:00" }
`);

  const { lines } = describePlan(loaded, NOW, () => true);

  expect(lines.slice(2, 8)).toEqual([
    '  often (command): every 5m, 07:00-23:00; next run 2026-11-22 07:00',
    '  daily (command): by cron "30 8 * * *"; next run 2026-11-22 08:30',
    '  seconds (command): by cron "15 * * * * *"; next run 2026-11-22 06:30:15',
    '  always (command): continuously; next run 2026-11-22 06:30',
    '  woken (command): when a task waits for it',
    '  never (command): by cron "0 3 * * *", 07:00-23:00; next run never: no due time is within its active hours',
  ]);
});

test('says so when nobody publishes a kind, needs a credential, or checks it', () => {
  using place = createFleetFolder();
  const loaded = place.loaded(`${HEAD}
credentials: { mail: {} }
drafts: { kinds: { reply: {} } }
`);

  const { lines } = describePlan(loaded, NOW, () => true);

  expect(lines).toContain('  mail: no check; no login; no agent needs it');
  expect(lines).toContain('  reply: nobody: an approved draft stays unpublished');
});

test('says of a credential when its secret ends and how it is rotated', () => {
  using place = createFleetFolder();
  const loaded = place.loaded(`${HEAD}
credentials:
  mail: { login: paste, lifetime: 90d, rotate: { every: 45d, at: "04:00", command: [x] } }
  post: { expires: 2027-01-15 }
`);

  const { lines } = describePlan(loaded, NOW, () => true);

  expect(lines).toContain(
    '  mail: no check; login by a pasted token; its secret lives 90d; rotated every 45d at 04:00; no agent needs it',
  );
  expect(lines).toContain('  post: no check; no login; expires 2027-01-15 00:00; no agent needs it');
});

test('makes a problem with its line of each program that is missing', () => {
  using place = createFleetFolder();
  place.write('bin/tool', '#!/bin/sh\n');
  place.write('plain', 'not executable');
  const loaded = place.loaded(`${HEAD}
alerts: { fallback: [./nowhere.sh] }
credentials:
  mail: { check: [./scripts/validate-auth.sh], login: [gone-login], rotate: { every: 1d, at: "04:00", command: [./plain] } }
defaults: { runtime: codex, prompt: prompts/scout.md, schedule: continuous }
agents:
  a: {}
  b: {}
  c: { runtime: command, command: [tool] }
  d: { runtime: command, command: [./prompts] }
  e: { runtime: command, command: [tool], env: { PATH: /nowhere } }
`);

  const { problems } = describePlan(loaded, NOW, createProgramFinder(`/nowhere:${join(place.folder, 'bin')}`));

  expect(problems.map((problem) => renderProblem(problem).replaceAll(`${place.folder}/`, ''))).toEqual([
    'fleet.yaml:4: alerts.fallback[0]: expected a program that can be started at nowhere.sh: is it there, and executable (chmod +x)?',
    'fleet.yaml:6: credentials.mail.login[0]: expected a program on the PATH that can be started; found none named "gone-login": is it installed, and executable (chmod +x)?',
    'fleet.yaml:6: credentials.mail.rotate.command[0]: expected a program that can be started at plain: is it there, and executable (chmod +x)?',
    'fleet.yaml:7: defaults.runtime: expected a program on the PATH that can be started; found none named "codex": is it installed, and executable (chmod +x)?',
    'fleet.yaml:12: agents.d.command[0]: expected a program that can be started at prompts: is it there, and executable (chmod +x)?',
    'fleet.yaml:13: agents.e.command[0]: expected a program on the PATH that can be started; found none named "tool": is it installed, and executable (chmod +x)?',
  ]);
});

test('takes a cron time at the very opening of the active hours for due', () => {
  const agent = {
    schedule: { kind: 'cron', expression: '0 * * * *' },
    active: { fromMinute: 420, toMinute: 480 },
  } as Partial<Agent> as Agent;

  expect(nextDue(agent, NOW, 'Europe/Berlin')).toBe(Date.parse('2026-11-22T06:00:00Z'));
  expect(nextDue(agent, Date.parse('2026-11-22T06:00:00Z'), 'Europe/Berlin')).toBe(Date.parse('2026-11-23T06:00:00Z'));
});
