import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pinnedPackage = join(root, 'node_modules/node');
const systemNode = findOlderNode();

/** What stands in for the program: it says who runs it, and then does as it is told. */
const PROGRAM = `
const [what, value] = process.argv.slice(2) as string[];
if (what === 'wait') {
  const alive = setInterval(() => {}, 1000);
  process.on(value as NodeJS.Signals, () => { console.log('got ' + value); clearInterval(alive); process.exitCode = 3; });
}
console.log(JSON.stringify({
  major: parseInt(process.versions.node), pid: process.pid, value, launcher: process.env.NIGHTDESK_LAUNCHER,
}));
if (what === 'again') {
  const launcher = (globalThis as Record<symbol, unknown>)[Symbol.for('nightdesk.launcher')];
  const env = { ...process.env, NIGHTDESK_LAUNCHER: String(launcher) };
  process.execve?.(process.execPath, [process.execPath, process.argv[1] ?? '', 'wait', value ?? ''], env);
}
if (what === 'exit') process.exitCode = Number(value);
if (what === 'die') process.kill(process.pid, value);
`;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Launch {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said so far, whole lines only. */
  readonly lines: () => readonly string[];
  /** Resolves to what the program said first. */
  readonly hello: Promise<{ major: number; pid: number; value?: string; launcher?: string }>;
}

const folders: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A package folder with the real launcher, the program above, and the pinned Node at `nodeAt`, if anywhere. */
function createPackage(nodeAt?: string): string {
  const outer = mkdtempSync(join(tmpdir(), 'nightdesk-bin-'));
  folders.push(outer);
  const home = join(outer, 'nightdesk');
  mkdirSync(join(home, 'src'), { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"type":"module"}');
  copyFileSync(join(root, 'src/bin.js'), join(home, 'src/bin.js'));
  writeFileSync(join(home, 'src/cli.ts'), PROGRAM);
  writeFileSync(join(home, 'old.cjs'), "Object.defineProperty(process, 'versions', { value: { node: '16.4.0' } });");
  if (nodeAt !== undefined) {
    mkdirSync(join(home, nodeAt, '..'), { recursive: true });
    symlinkSync(pinnedPackage, join(home, nodeAt));
  }
  return home;
}

function launch(
  home: string,
  args: readonly string[],
  node: 'new' | 'pretends-old' | 'system' = 'pretends-old',
): Launch {
  const program = node === 'system' ? (systemNode ?? '') : process.execPath;
  const flags = node === 'pretends-old' ? ['--require', join(home, 'old.cjs')] : [];
  const child = spawn(program, [...flags, join(home, 'src/bin.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const hello = new Promise<{ major: number; pid: number }>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const [line, more] = stdout.split('\n');
      if (line !== undefined && more !== undefined) resolve(JSON.parse(line) as { major: number; pid: number });
    });
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended, hello, lines: () => stdout.split('\n').slice(0, -1) };
}

test('runs the program in its own process when Node is new enough', async () => {
  const { child, hello, ended } = launch(createPackage(), ['exit', '5'], 'new');

  expect(await hello).toMatchObject({ pid: child.pid, value: '5' });
  expect((await ended).code).toBe(5);
});

test.each(['node_modules/node', '../node_modules/node', '../node'])(
  'goes on under the pinned Node at %s when its own is too old',
  async (nodeAt) => {
    const { child, hello, ended } = launch(createPackage(nodeAt), ['exit', '5']);

    const said = await hello;
    expect(said).toMatchObject({ major: 24, value: '5' });
    expect(said.pid).not.toBe(child.pid);
    expect((await ended).code).toBe(5);
  },
);

test.skipIf(systemNode === undefined)(
  "goes on under the pinned Node when the system's own is really older",
  async () => {
    const { hello, ended } = launch(createPackage('node_modules/node'), ['exit', '0'], 'system');

    expect(await hello).toMatchObject({ major: 24 });
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  },
);

test('says in one line what to do, and exits 78, when no Node is new enough', async () => {
  const { ended } = launch(createPackage(), ['exit', '0']);

  const { code, stdout, stderr } = await ended;

  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toMatch(/^nightdesk: needs Node 24 or newer, and this is 16\.4\.0; run "npm ci" in .*\n$/);
});

test('does not take another old Node for the pinned one when that is what lies in node_modules', async () => {
  const home = createPackage();
  mkdirSync(join(home, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(home, 'node_modules/node/package.json'), '{"version":"20.1.0"}');
  symlinkSync(process.execPath, join(home, 'node_modules/node/bin/node'));

  const { ended } = launch(home, ['exit', '0']);

  expect((await ended).code).toBe(78);
});

test('gives up, and exits 78, when the pinned Node turns out to be too old itself', async () => {
  const home = createPackage();
  mkdirSync(join(home, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(home, 'node_modules/node/package.json'), '{"version":"24.0.0"}');
  const wrapper = `#!/bin/sh\nexec '${process.execPath}' --require '${join(home, 'old.cjs')}' "$@"\n`;
  writeFileSync(join(home, 'node_modules/node/bin/node'), wrapper, { mode: 0o755 });

  const { ended } = launch(home, ['exit', '0']);

  expect((await ended).code).toBe(78);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'hands %s on to the program when the launcher gets it',
  async (signal) => {
    const { child, hello, ended } = launch(createPackage('node_modules/node'), ['wait', signal]);
    await hello;

    child.kill(signal);

    const { code, stdout } = await ended;
    expect(stdout).toContain(`got ${signal}`);
    expect(code).toBe(3);
  },
);

test('ends by the same signal when a signal ends the program', async () => {
  const { ended } = launch(createPackage('node_modules/node'), ['die', 'SIGKILL']);

  expect(await ended).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('leaves no program behind when the launcher is killed outright', async () => {
  const { child, hello, ended } = launch(createPackage('node_modules/node'), ['wait', 'SIGTERM']);
  await hello;

  child.kill('SIGKILL');

  // `close` comes when the last holder of the pipes is gone: the program has them too.
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
});

test('a program that takes the place of one that the launcher started follows it as well', async () => {
  const { child, hello, lines, ended } = launch(createPackage('node_modules/node'), ['again', 'SIGTERM']);
  const before = await hello;
  await vi.waitFor(() => expect(lines()).toHaveLength(2), 20_000);

  child.kill('SIGKILL');

  // `close` comes when the last holder of the pipes is gone: the program has them too.
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  const after = JSON.parse(lines()[1] ?? '') as typeof before;
  expect([after.pid, after.launcher]).toEqual([before.pid, undefined]);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'hands %s on to a program that took the place of the one that it started',
  async (signal) => {
    const { child, lines, ended } = launch(createPackage('node_modules/node'), ['again', signal]);
    await vi.waitFor(() => expect(lines()).toHaveLength(2), 20_000);

    child.kill(signal);

    const { code, stdout } = await ended;
    expect(stdout).toContain(`got ${signal}`);
    expect(code).toBe(3);
  },
);

test('the program sees nothing of the launcher in its environment when it runs under it', async () => {
  const { hello } = launch(createPackage('node_modules/node'), ['exit', '0']);

  expect(await hello).not.toHaveProperty('launcher');
});

/** A Node of the machine itself that is too old for the program; undefined where there is none. */
function findOlderNode(): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return paths
    .filter((path) => existsSync(path) && !realpathSync(path).includes('node_modules'))
    .find((path) => parseInt(execFileSync(path, ['--version'], { encoding: 'utf8' }).slice(1), 10) < 24);
}
