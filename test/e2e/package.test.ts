import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** What a pack is made from; the rest of the checkout is not copied. */
const PARTS = ['package.json', 'README.md', 'LICENSE', 'src', 'commands', 'conversations', 'storage', 'deploy'];

let folder: string;
let installed: string;
let leftBehind: readonly string[];

/** Packs a copy of the checkout, and lays the pack's files under a `node_modules`, beside the packages that it needs. */
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'nightdesk-package-')));
  const copy = join(folder, 'checkout');
  for (const part of PARTS) cpSync(join(repository, part), join(copy, part), { recursive: true });
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: copy, stdio: 'pipe' });
  leftBehind = globSync('{src/operator,commands,storage}/*.js', { cwd: copy });
  const modules = join(folder, 'node_modules');
  installed = join(modules, 'nightdesk');
  mkdirSync(installed, { recursive: true });
  const pack = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['-xzf', join(folder, pack), '-C', installed, '--strip-components=1']);
  for (const entry of readdirSync(join(repository, 'node_modules'))) {
    if (!entry.startsWith('.')) symlinkSync(join(repository, 'node_modules', entry), join(modules, entry));
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function nightdesk(...args: string[]): string {
  return execFileSync(process.execPath, [join(installed, 'src/bin.js'), ...args], { encoding: 'utf8', cwd: folder });
}

test('the packed program holds no TypeScript, and says its version', () => {
  expect(globSync('**/*.ts', { cwd: installed })).toEqual([]);
  expect(nightdesk('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('packing leaves the checkout as it was', () => {
  expect(leftBehind).toEqual([]);
});

test('the packed program carries every file that is no source', () => {
  const inCheckout = globSync('{src,commands,conversations,storage}/**/*.{sql,md,json,html,css,svg}', {
    cwd: repository,
  });

  expect(inCheckout.length).toBeGreaterThan(15);
  expect(inCheckout.filter((file) => !existsSync(join(installed, file)))).toEqual([]);
});

test('the packed program runs the demo, whose agents hand in drafts', async () => {
  const demo = spawn(process.execPath, [join(installed, 'src/bin.js'), 'demo', '--port', '0'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(demo, 'close');
  try {
    const address = await firstLineWith(demo.stdout, /http:\/\/\S+\/phone/);
    const stream = await fetch(address.replace(/\/phone$/, '/phone/events'));

    expect(await readUntil(stream, /Approve/)).toBe(true);
  } finally {
    demo.kill('SIGTERM');
  }
  expect((await ended)[0]).toBe(0);
}, 90_000);

async function firstLineWith(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  for await (const line of createInterface({ input: stream })) {
    const found = pattern.exec(line)?.[0];
    if (found !== undefined) {
      // The rest is read and dropped: a full pipe would stop the program.
      stream.resume();
      return found;
    }
  }
  throw new Error(`${basename(folder)}: the demo ended without an address`);
}

/** Whether a stream of events says it before it ends. */
async function readUntil(response: Response, pattern: RegExp): Promise<boolean> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    if (pattern.test(text)) return true;
  }
  return false;
}
