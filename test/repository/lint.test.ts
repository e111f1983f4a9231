import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './source-files.ts';

/** One planted fault: where it lies, what it says, and the rule that has to find it; no rule: it is allowed there. */
const PLANTS: readonly (readonly [path: string, source: string, rule: string | undefined])[] = [
  ['src/loop/a1.ts', "export type { Bot } from 'grammy';", 'no-restricted-imports'],
  ['src/runs/a2.ts', "import type { Menu } from '@grammyjs/menu';\nexport type A = Menu;", 'no-restricted-imports'],
  ['src/app.ts', "import type { Bot } from 'grammy';\nexport type A = Bot;", 'no-restricted-imports'],
  ['src/telegram/bot.ts', "import type { Bot } from 'grammy';\nexport type A = Bot;", undefined],
  ['commands/a3.ts', "import type { Bot } from 'grammy';\nexport type A = Bot;", undefined],
  ['src/drafts/a4.ts', "import type D from 'better-sqlite3';\nexport type A = D.Database;", 'no-restricted-imports'],
  ['storage/a5.ts', "import type D from 'better-sqlite3';\nexport type A = D.Database;", undefined],
  ['src/vigil/a6.ts', "import { statSync } from 'node:fs';\nexport const a = statSync;", 'no-restricted-imports'],
  ['src/runs/a7.ts', "import { execa } from 'execa';\nexport const a = execa;", 'no-restricted-imports'],
  ['src/gateway/a8.ts', "import { get } from 'node:http';\nexport const a = get;", 'no-restricted-imports'],
  ['src/adapters/b1.ts', "import { get } from 'node:http';\nexport const a = get;", undefined],
  ['src/loop/b2.ts', "import type { A } from '../telegram/bot.ts';\nexport type B = A;", 'no-restricted-imports'],
  ['src/loop/b3.ts', "import type { A } from '../../commands/a3.ts';\nexport type B = A;", 'no-restricted-imports'],
  ['src/loop/b4.ts', "import type { A } from '../app.ts';\nexport type B = A;", 'no-restricted-imports'],
  ['src/loop/b5.ts', "import { a } from '../adapters/b1.ts';\nexport const b = a;", 'no-restricted-imports'],
  ['src/telegram/outbox.ts', 'export const a = 1;', undefined],
  ['src/loop/b6.ts', "import { a } from '../telegram/outbox.ts';\nexport const b = a;", undefined],
  ['storage/b7.ts', "import { a } from '../src/telegram/outbox.ts';\nexport const b = a;", 'no-restricted-imports'],
  ['src/sentinel/b8.ts', "import { a } from '../telegram/outbox.ts';\nexport const b = a;", 'no-restricted-imports'],
  ['src/sentinel/b9.ts', "import { a } from '../../storage/b10.ts';\nexport const b = a;", 'no-restricted-imports'],
  ['storage/b10.ts', 'export const a = 1;', undefined],
  ['src/sentinel/b11.ts', "import { execa } from 'execa';\nexport const a = execa;", 'no-restricted-imports'],
  ['src/sentinel/b12.ts', "import { a } from '../operator/token.ts';\nexport const b = a;", undefined],
  ['src/operator/token.ts', 'export const a = 1;', undefined],
  ['src/work/c1.ts', 'export const a = process.env.HOME;', 'no-restricted-properties'],
  ['src/work/c2.ts', 'export function a(): void {\n  process.exit(1);\n}', 'no-process-exit'],
  ['src/work/c3.ts', 'export const a = Date.now();', 'no-restricted-properties'],
  ['src/work/c4.ts', 'export const a = Math.random();', 'no-restricted-properties'],
  ['src/work/c5.ts', 'setTimeout(() => {}, 1);', 'no-restricted-globals'],
  [
    'src/work/c6.ts',
    "import { randomUUID } from 'node:crypto';\nexport const a = randomUUID;",
    'no-restricted-imports',
  ],
  ['src/work/c7.ts', "console.log('a');", 'no-console'],
  ['src/cli.ts', "export const a = process.env.HOME;\nconsole.log('a');", undefined],
  ['src/operator/c8.ts', 'export const a = Date.now();\nprocess.exitCode = 1;', undefined],
  ['src/work/d1.ts', 'async function a(): Promise<void> {\n  await a();\n}\na();', 'no-floating-promises'],
  ['src/work/d2.ts', 'async function a(): Promise<void> {\n  await a();\n}\n[1].forEach(a);', 'no-misused-promises'],
  ['src/work/d3.ts', 'export const a: any = 1;', 'no-explicit-any'],
  [
    'src/work/d4.ts',
    "export function a(k: 'x' | 'y'): void {\n  switch (k) {\n    case 'x':\n      break;\n  }\n}",
    'switch-exhaustiveness-check',
  ],
  ['src/work/d5.ts', 'export default 1;', 'no-default-export'],
  ['src/work/d6.ts', "export * from './d3.ts';", 'no-barrel-file'],
  ['src/work/e1.ts', "import { b } from './e2.ts';\nexport const a = (): unknown => b;", 'no-cycle'],
  ['src/work/e2.ts', "import { a } from './e1.ts';\nexport const b = (): unknown => a;", 'no-cycle'],
];

interface Finding {
  readonly filename: string;
  readonly code: string;
}

const folder = mkdtempSync(join(tmpdir(), 'nightdesk-lint-'));
let findings: readonly Finding[] = [];

beforeAll(async () => {
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    copyFileSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, source] of PLANTS) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${source}\n`);
  }
  findings = await lint();
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(PLANTS)('the linter judges a plant in %s by its folder', (path, _source, rule) => {
  const rules = findings.filter((finding) => finding.filename === path).map((finding) => finding.code);

  const judgedRightly = rule === undefined ? rules.length === 0 : rules.some((code) => code.includes(rule));
  expect(judgedRightly, `${path}: expected ${rule ?? 'nothing'}, found ${rules.join() || 'nothing'}`).toBe(true);
});

function lint(): Promise<readonly Finding[]> {
  const program = join(root, 'node_modules/oxlint/bin/oxlint');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, '--format', 'json'], { cwd: folder }, (_error, stdout, stderr) => {
      if (!stdout.startsWith('{')) reject(new Error(stdout + stderr));
      else resolve((JSON.parse(stdout) as { diagnostics: readonly Finding[] }).diagnostics);
    });
  });
}
