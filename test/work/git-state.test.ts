import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createGitReader } from '../../src/work/git-state.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';

vi.setConfig({ testTimeout: 30_000 });

const environment = { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder() };
const read = createGitReader(createProcesses(), createSystemClock(), environment);

function git(folder: string, ...words: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=Scout', '-c', 'user.email=scout@example.com', ...words], {
    cwd: folder,
    env: environment,
  });
}

test('git says branch, changes and the last five commits of a workdir', async () => {
  const folder = temporaryFolder();
  git(folder, 'init', '-q', '-b', 'night');
  for (let index = 1; index <= 7; index += 1) git(folder, 'commit', '-q', '--allow-empty', '-m', `step ${index}`);
  writeFileSync(join(folder, 'new.md'), 'x');

  const state = await read(folder);

  expect(state?.status).toEqual(['## night', '?? new.md']);
  expect(state?.commits.map((line) => line.replace(/^\w+ /, ''))).toEqual([
    'step 7',
    'step 6',
    'step 5',
    'step 4',
    'step 3',
  ]);
});

test('git runs nothing that a repository names', async () => {
  const folder = temporaryFolder();
  git(folder, 'init', '-q', '-b', 'night');
  const trap = join(folder, 'trap.sh');
  writeFileSync(trap, `#!/bin/sh\ntouch '${join(folder, 'sprung')}'\n`);
  chmodSync(trap, 0o755);
  git(folder, 'config', 'core.fsmonitor', trap);

  const state = await read(folder);

  expect(state?.status).toEqual(['## No commits yet on night', '?? trap.sh']);
});

test.each([
  ['the workdir is no repository', environment],
  ['there is no git', { ...environment, PATH: '/nowhere' }],
])('git says nothing when %s', async (_what, env) => {
  const reader = createGitReader(createProcesses(), createSystemClock(), env);

  expect(await reader(temporaryFolder())).toBeUndefined();
});
