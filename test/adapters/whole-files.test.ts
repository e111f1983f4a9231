import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeAll } from '../../src/adapters/whole-files.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

test('several files are written whole, each with its own mode', () => {
  const folder = temporaryFolder();

  writeAll([
    { path: join(folder, 'a/one'), text: 'first', mode: 0o600 },
    { path: join(folder, 'two'), text: 'second', mode: 0o644 },
  ]);

  expect(readFileSync(join(folder, 'a/one'), 'utf8')).toBe('first');
  expect(statSync(join(folder, 'a/one')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'two']);
});

test('none of several files is changed when one of them cannot be put in its place', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'one'), 'before');
  mkdirSync(join(folder, 'two/full'), { recursive: true });

  expect(() =>
    writeAll([
      { path: join(folder, 'one'), text: 'after', mode: 0o600 },
      { path: join(folder, 'new'), text: 'after', mode: 0o600 },
      { path: join(folder, 'two'), text: 'a folder is in the way', mode: 0o600 },
    ]),
  ).toThrow(/EISDIR|ENOTEMPTY|EEXIST|is a directory|directory/i);

  expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('before');
  expect(readdirSync(folder).toSorted()).toEqual(['one', 'two']);
});
