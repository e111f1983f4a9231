import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './source-files.ts';

/** What a reader meets first; whatever is new belongs into one of the folders. */
const ALLOWED = [
  '.biome.json',
  '.ci',
  '.editorconfig',
  '.gitattributes',
  '.gitignore',
  '.npmrc',
  '.oxlintrc.json',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'commands',
  'conversations',
  'deploy',
  'examples',
  'package-lock.json',
  'package.json',
  'src',
  'storage',
  'test',
  'tsconfig.json',
];

test.skipIf(!existsSync(join(root, '.git')))('the top level holds nothing but what the README explains', () => {
  const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], { cwd: root, encoding: 'utf8' });

  const topLevel = new Set(tracked.split('\0').flatMap((path) => (path === '' ? [] : [path.split('/')[0] ?? ''])));

  expect([...topLevel].filter((name) => !ALLOWED.includes(name))).toEqual([]);
});
