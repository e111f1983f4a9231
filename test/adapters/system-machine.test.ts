import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSystemMachine, loadTotalMemoryBytes } from '../../src/adapters/system-machine.ts';
import { SMALL_DISK_BYTES, smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const machine = createSystemMachine();

test('free disk is what df says, and less once something was written', ({ skip }) => {
  const folder = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');

  const before = machine.freeDiskBytes(folder);
  writeFileSync(join(folder, 'a'), 'x'.repeat(500 * 1024));

  expect(before).toBe(SMALL_DISK_BYTES);
  expect(machine.freeDiskBytes(folder)).toBe(524 * 1024);
});

test('free disk is undefined where there is no such folder', () => {
  expect(machine.freeDiskBytes(join(temporaryFolder(), 'none'))).toBeUndefined();
});

test.runIf(process.platform === 'linux')('memory is told on Linux, within what there is', () => {
  const available = machine.availableMemoryBytes() ?? 0;

  expect(available).toBeGreaterThan(0);
  expect(available).toBeLessThanOrEqual(loadTotalMemoryBytes());
  expect(loadTotalMemoryBytes()).toBeLessThanOrEqual(totalmem());
});

test('memory that an idle file cache holds does not make the machine look full', ({ skip }) => {
  if (process.platform !== 'linux') skip('only Linux tells');
  // Whatever `free` counts as available may be taken: reading files does not change it.
  const meminfo = execFileSync('cat', ['/proc/meminfo'], { encoding: 'utf8' });
  const free = Number(/MemFree:\s+(\d+)/.exec(meminfo)?.[1]) * 1024;

  expect(machine.availableMemoryBytes()).toBeGreaterThan(Math.min(free, loadTotalMemoryBytes()) * 0.5);
});
