import { spawnSync } from 'node:child_process';
import { afterEach } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** What a small disk holds, in bytes. */
export const SMALL_DISK_BYTES = 1024 * 1024;

/** Node itself mounts nothing. */
const PROGRAMS = { mount: 'mount', unmount: 'umount' } as const;

const mounted: string[] = [];

afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync(PROGRAMS.unmount, [folder]);
});

/** A file system of one megabyte, or so much, that ends with the test, to be filled up; undefined where none can be mounted. */
export function smallDisk(sizeBytes = SMALL_DISK_BYTES): string | undefined {
  const folder = temporaryFolder();
  const { status } = spawnSync(PROGRAMS.mount, ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder]);
  if (status !== 0) return undefined;
  mounted.push(folder);
  return folder;
}
