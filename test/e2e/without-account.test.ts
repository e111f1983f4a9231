import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from './program.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(async () => await stage.close());

test('the sentinel looks for a user id that no account has, as containers give one', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can start a program under another user id');
  stage.fleet('agents: { scout: { runtime: command, command: [/bin/true] } }');
  chmodSync(stage.folder, 0o777);

  const sentinel = spawn(process.execPath, ['src/cli.ts', 'sentinel', '--config', stage.path('fleet.yaml')], {
    uid: 54_321,
    env: {
      PATH: process.env['PATH'] ?? '',
      TELEGRAM_BOT_TOKEN: stage.token,
      TELEGRAM_API_ROOT: stage.sandbox.apiRoot,
    },
  });
  const [complaint, [exit]] = await Promise.all([text(sentinel.stderr), once(sentinel, 'close')]);

  expect(complaint).not.toContain('SystemError');
  expect([0, 1]).toContain(exit);
});
