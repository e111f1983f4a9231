import type { Disk } from '../../src/ports.ts';

/** What the file system says. */
class FileError extends Error {
  readonly code: string;
  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** The files of the simulated machine that somebody reads again: secrets, proofs of life. They outlive the control plane. */
export type Files = Pick<Disk, 'readText' | 'writeText' | 'rename' | 'touch' | 'remove' | 'listFiles'>;

/** Builds them; `now` is the machine's clock on the wall. */
export function createFiles(now: () => number, isFull: () => boolean): Files {
  const files = new Map<string, { text: string; modifiedAt: number }>();

  return {
    readText(path, maxBytes) {
      const file = files.get(path);
      return file && { ...file, text: file.text.slice(0, maxBytes) };
    },
    writeText(path, text) {
      if (isFull()) throw new FileError('ENOSPC', path);
      files.set(path, { text, modifiedAt: now() });
    },
    rename(from, to) {
      const file = files.get(from);
      if (file === undefined) throw new FileError('ENOENT', from);
      files.delete(from);
      files.set(to, file);
    },
    touch(path) {
      const file = files.get(path);
      if (file === undefined) throw new FileError('ENOENT', path);
      file.modifiedAt = now();
    },
    remove: (path) => void files.delete(path),
    listFiles: (folder) =>
      [...files]
        .filter(([path]) => path.startsWith(`${folder}/`))
        .map(([path, { text, modifiedAt }]) => ({ path, sizeBytes: Buffer.byteLength(text), modifiedAt })),
  };
}
