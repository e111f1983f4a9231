import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { root } from './source-files.ts';

/** Comes with systemd, where there is one. */
const PROGRAM = 'systemd-analyze';

test.for(['user', 'system'])('systemd finds nothing wrong with the unit files of a %s service', (scope, { skip }) => {
  const folder = join(root, 'deploy/systemd', scope);
  const units = readdirSync(folder).map((name) => join(folder, name));
  const { error, stderr } = spawnSync(PROGRAM, ['verify', ...(scope === 'user' ? ['--user'] : []), ...units], {
    env: { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), XDG_RUNTIME_DIR: temporaryFolder() },
    encoding: 'utf8',
  });
  if (error !== undefined) skip('systemd-analyze is not installed');

  expect(stderr).toBe('');
});
