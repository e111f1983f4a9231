import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test('every module of the repository links under plain Node', async () => {
  const { code, output } = await boot(['src', 'commands', 'conversations', 'storage', 'test']);

  expect(output).toMatch(/^\d+ modules link, 0 do not$/m);
  expect(code).toBe(0);
});

test.each([
  ['an enum', 'export enum Colour { Red }', 'TypeScript enum is not supported'],
  [
    'a parameter property',
    'export class A { constructor(readonly b: number) {} }',
    'parameter property is not supported',
  ],
  ['a type imported as a value', "import { Shape } from './shape.ts';\nexport const a: Shape = {};", "named 'Shape'"],
  ['a file that is not there', "import './missing.ts';", 'no such file'],
])('a module with %s is refused by the boot check', async (_what, source, complaint) => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-boot-'));
  folders.push(folder);
  writeFileSync(join(folder, 'shape.ts'), 'export interface Shape {}');
  writeFileSync(join(folder, 'faulty.ts'), source);

  const { code, output } = await boot([folder]);

  expect(output).toContain('faulty.ts');
  expect(output).toContain(complaint);
  expect(code).toBe(1);
});

function boot(targets: readonly string[]): Promise<{ code: number; output: string }> {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const program = [...flags, join(root, 'test/repository/boot.ts'), ...targets];
  return new Promise((resolve) => {
    execFile(process.execPath, program, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}
