import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock, inspectLock } from '../../storage/lock.ts';
import { smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const HOLDER = join(import.meta.dirname, 'fixtures', 'lock-holder.ts');

async function startHolder(file: string) {
  const child = spawn(process.execPath, [HOLDER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

test('a lock held by another process is named by pid and host, and freed by kill -9', async () => {
  const file = join(temporaryFolder(), 'nightdesk.lock');
  const { child, said } = await startHolder(file);

  const taken = acquireLock(file);
  const seen = inspectLock(file);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const free = acquireLock(file);

  expect(said).toBe('held');
  expect(taken).toEqual({ kind: 'taken', by: { pid: child.pid, host: hostname() } });
  expect(seen).toEqual({ held: true, by: { pid: child.pid, host: hostname() } });
  expect(free.kind).toBe('held');
  if (free.kind === 'held') free.lock.release();
});

test('a lock that was given back can be taken at once', () => {
  const file = join(temporaryFolder(), 'nightdesk.lock');
  const first = acquireLock(file);
  if (first.kind === 'held') first.lock.release();

  const second = acquireLock(file);

  expect(second.kind).toBe('held');
  if (second.kind === 'held') second.lock.release();
  expect(inspectLock(file)).toEqual({ held: false, by: undefined });
});

test('a lock that nobody ever took is not held, and looking makes no file', () => {
  const folder = temporaryFolder();

  expect(inspectLock(join(folder, 'absent', 'nightdesk.lock'))).toEqual({ held: false, by: undefined });
});

test('a lock can be taken, looked at and given back on a disk without a free byte', ({ skip }) => {
  const folder = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
  const file = join(folder, 'nightdesk.lock');
  const before = acquireLock(file);
  if (before.kind === 'held') before.lock.release();
  fillUp(folder);

  const lock = acquireLock(file);
  const seen = inspectLock(file);
  if (lock.kind === 'held') lock.lock.release();

  expect(lock.kind).toBe('held');
  expect(seen.held).toBe(true);
  expect(inspectLock(file).held).toBe(false);
});

/** Takes every byte that is left, down to the last block. */
function fillUp(folder: string): void {
  try {
    for (let file = 0; ; file += 1) writeFileSync(join(folder, `filler-${file}`), Buffer.alloc(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}
