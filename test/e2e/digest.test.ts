import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

it('a digest of the schedule comes with pictures while every login is dead, and /digest answers besides', async () => {
  const stage = await openStage();
  stages.push(stage);
  // Each second of the next minute, so that one comes soon; what is due twice before it is shown is one.
  stage.fleet(`digest: ["*/20 * * * * *"]
credentials: { mail: { check: [/bin/false], check_every: 15m } }
agents:
  scout: { runtime: command, command: [/bin/false], schedule: every 10m, credentials: [mail] }
  writer: { runtime: command, command: [/bin/true], schedule: every 10m }
`);
  const program = await stage.startReady();

  const scheduled = await stage.says('🗞 Digest', 'Runs');
  expect(scheduled.text).toMatch(/\d+ (done|failed)|none/);
  const album = await stage.message(({ media }) => media?.form === 'photo');
  expect(album.id).toBeGreaterThan(scheduled.id);
  await until(() => stage.list('state/digests').length > 0, 'the pictures lie in the state folder');
  const folder = stage.list('state/digests')[0] ?? '';
  const [picture] = stage.list(`state/digests/${folder}`);
  expect(statSync(stage.path(`state/digests/${folder}/${picture}`)).mode & 0o777).toBe(0o600);

  const askedAt = Date.now();
  stage.sandbox.userSays('/digest today');
  const answer = await stage.says('🗞 Digest', '00:00 – ');
  expect(Date.now() - askedAt).toBeLessThan(30_000);
  expect(answer.text).toContain('scout');
  expect(existsSync(stage.path('state/nightdesk.db'))).toBe(true);
  expect(readFileSync(stage.path('state/nightdesk.db')).includes(stage.token)).toBe(false);
  expect(await program.stop()).toBe(0);
});
