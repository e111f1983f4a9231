import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FindNewestWork } from '../vigil/workdir.ts';

/** Finds the newest change in a folder, the files near its top first; what cannot be read is passed over. */
export const findNewestWork: FindNewestWork = async ({ folder, mostFiles, isNoWork, notAfter }) => {
  let newest: { path: string; at: number } | undefined;
  let seen = 0;
  const folders = [folder];
  for (let path = folders.shift(); path !== undefined && seen < mostFiles; path = folders.shift()) {
    for (const entry of await entriesOf(path)) {
      const below = join(path, entry.name);
      if (isNoWork(below)) continue;
      seen += 1;
      if (seen > mostFiles) break;
      if (entry.isDirectory()) folders.push(below);
      if (!entry.isFile()) continue;
      const at = await changedAt(below);
      if (at !== undefined && at <= notAfter && at > (newest?.at ?? 0)) newest = { path: below, at };
    }
  }
  return newest;
};

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

async function changedAt(path: string): Promise<number | undefined> {
  try {
    return Math.round((await lstat(path)).mtimeMs);
  } catch {
    return undefined;
  }
}
