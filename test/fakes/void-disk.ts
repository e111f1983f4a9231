import type { Disk } from '../../src/ports.ts';

/** A disk that takes everything, keeps nothing, and is never full; `readText` may know some files. */
export function createVoidDisk(readText: Disk['readText'] = () => undefined): Disk {
  return {
    readText,
    writeText: () => undefined,
    rename: () => undefined,
    touch: () => undefined,
    ensureFolder: () => undefined,
    openLog: () => ({ append: () => undefined, replaceEnd: () => undefined, close: () => undefined }),
    compress: () => Promise.resolve(true),
    readLog: () => Promise.resolve(undefined),
    listFiles: () => [],
    remove: () => undefined,
    copyIn: () => Promise.resolve({ kind: 'refused', why: 'missing' }),
    readWhole: () => Promise.resolve(undefined),
    digest: () => Promise.resolve(undefined),
  };
}
