import { expect, test } from 'vitest';
import { readSources } from './source-files.ts';

/** `test('…'`, `it('…'`, with modifiers such as `.each([…])` or `.skipIf(…)` before the title, in one line or several. */
const TITLE = /^[ \t]*(?:test|it)(?:\.\w+)*\(\s*(['"`])(.*?)(?<!\\)\1/gm;
const TITLE_AFTER_TABLE = /^[ \t]*(?:\]|\}|(?:test|it)\.\w+\(.*)\)\(\s*(['"`])(.*?)(?<!\\)\1/gm;

function titlesOf(text: string): string[] {
  return [TITLE, TITLE_AFTER_TABLE].flatMap((pattern) => Array.from(text.matchAll(pattern), (match) => match[2] ?? ''));
}

test('no two tests of the repository have the same title', () => {
  const places = new Map<string, string[]>();
  for (const { path, text } of readSources(['test']).filter((file) => file.path.endsWith('.test.ts'))) {
    for (const title of titlesOf(text)) places.set(title, [...(places.get(title) ?? []), path]);
  }

  const doubles = [...places].filter(([, paths]) => paths.length > 1);

  expect(doubles).toEqual([]);
  expect(places.size).toBeGreaterThan(5);
});

test('a title is found however its test is written', () => {
  const source = [
    "test('plain', () => {});",
    "  it.skipIf(old)('modified', () => {});",
    "test.each([\n  ['a', 1],\n])('after a table', () => {});",
    "test(\n  'on a line of its own',\n  () => {},\n);",
  ].join('\n');

  expect(titlesOf(source).sort()).toEqual(['after a table', 'modified', 'on a line of its own', 'plain']);
});
