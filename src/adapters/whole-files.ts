import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file to be there, whole. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * Writes all files or none: each is written beside its place first, and moved there once all of them are. Throws what the file system says;
 * then nothing is left of them.
 */
export function writeAll(files: readonly NewFile[]): void {
  const parts = files.map((file) => ({ ...file, part: `${file.path}.part`, before: readOrNothing(file.path) }));
  const moved: typeof parts = [];
  try {
    for (const { part, path, text, mode } of parts) {
      mkdirSync(dirname(path), { recursive: true });
      writeWhole(part, text, mode);
    }
    for (const file of parts) {
      renameSync(file.part, file.path);
      moved.push(file);
    }
  } catch (error) {
    for (const { part } of parts) rmSync(part, { force: true });
    for (const { path, before, mode } of moved) {
      if (before === undefined) rmSync(path, { force: true });
      else writeWhole(path, before, mode);
    }
    throw error;
  }
}

function writeWhole(path: string, text: string, mode: number): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
