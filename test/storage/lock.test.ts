import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock, inspectLock } from '../../storage/lock.ts';
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
