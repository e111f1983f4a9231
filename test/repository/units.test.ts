import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { root } from './source-files.ts';

/** Comes with systemd, where there is one. */
const PROGRAM = 'systemd-analyze';

test('systemd finds nothing wrong with the unit files', ({ skip }) => {
  const folder = join(root, 'deploy/systemd');
  const units = readdirSync(folder).map((name) => join(folder, name));
  const { error, status, stderr } = spawnSync(PROGRAM, ['verify', '--user', ...units], {
    env: { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), XDG_RUNTIME_DIR: temporaryFolder() },
    encoding: 'utf8',
  });
  if (error !== undefined) skip('systemd-analyze is not installed');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
