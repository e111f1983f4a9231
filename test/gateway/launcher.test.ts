import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launcherText } from '../../src/gateway/launcher.ts';

test('the launcher hands on every argument and stdin as they are, whatever is in the path, and drops NODE_OPTIONS', () => {
  const folder = mkdtempSync(join(tmpdir(), `nightdesk it's "$(here)" `));
  const bin = join(folder, 'b i`.mjs');
  const launcher = join(folder, 'nightdesk');
  writeFileSync(
    bin,
    'process.stdout.write(JSON.stringify([process.argv.slice(2), (await import("node:fs")).readFileSync(0, "utf8")]))',
  );
  writeFileSync(launcher, launcherText(process.execPath, bin), { mode: 0o755 });

  const output = execFileSync(launcher, ['draft', '', 'a b', '$HOME', "it's"], {
    input: 'body\n',
    encoding: 'utf8',
    env: { NODE_OPTIONS: '--require=/nowhere.cjs' },
  });
  rmSync(folder, { recursive: true });

  expect(JSON.parse(output)).toEqual([['draft', '', 'a b', '$HOME', "it's"], 'body\n']);
});

test('the launcher is refused for a path that holds a NUL', () => {
  expect(() => launcherText('/node', 'a\0b')).toThrow('NUL');
});
