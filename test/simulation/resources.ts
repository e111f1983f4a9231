import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk, Machine } from '../../src/ports.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createFiles } from './files.ts';
import type { WorldRecord } from './record.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Disk and memory of the simulated machine, and the few files that matter in it. */
export interface Resources {
  readonly machine: Machine;
  readonly disk: Disk;
  /** Nothing can be written into the database right now. */
  isFull(): boolean;
  /** Leaves so much of the disk; with `isHungry` whoever fills it takes also what is given back. */
  fill(leftBytes: number, isHungry: boolean): void;
  /** Leaves so much memory. */
  squeeze(leftBytes: number): void;
  /** There is plenty of both again. */
  relax(): void;
}

export const TOTAL_MEMORY_BYTES = 8e9;
/** What has to stay free of memory, of so much: `room-left.ts`. */
const MEMORY_FLOOR_BYTES = 256e6;
const PLENTY_OF_DISK = 50e9;
const PLENTY_OF_MEMORY = 4e9;
/** Less than this, and SQLite cannot extend its journal. */
const FULL_BYTES = 100_000;
const RESERVE_BYTES = 8e6;

const TEMPLATES = join(import.meta.dirname, '../../src/instructions/templates');

/** Builds the machine's disk and memory; `prompts` are the files that agents are given, by path. */
export function createResources(options: {
  readonly clock: VirtualClock;
  readonly record: WorldRecord;
  readonly home: string;
  readonly keepFreeBytes: number;
  readonly prompts: ReadonlyMap<string, string>;
  /** Looks for secrets in what is kept. */
  readonly look: (text: string, where: string) => void;
}): Resources {
  const { clock, record, keepFreeBytes } = options;
  const reserve = join(options.home, 'reserve');
  const templates = new Map<string, string>();
  let diskBytes = PLENTY_OF_DISK;
  let memoryBytes = PLENTY_OF_MEMORY;
  let isHungry = false;
  let hasReserve = true;

  const files = createFiles(clock.machine.now, () => diskBytes < FULL_BYTES);

  function readText(
    path: string,
    maxBytes: number,
  ): { readonly text: string; readonly modifiedAt: number } | undefined {
    const text = path === reserve ? (hasReserve ? 'r' : undefined) : (options.prompts.get(path) ?? readTemplate(path));
    return text === undefined ? files.readText(path, maxBytes) : { text, modifiedAt: 0 };
  }

  function readTemplate(path: string): string | undefined {
    if (!path.startsWith(TEMPLATES)) return undefined;
    const known = templates.get(path) ?? readFileSync(path, 'utf8');
    templates.set(path, known);
    return known;
  }

  function note(): void {
    const now = clock.now();
    record.diskLowSince = diskBytes < keepFreeBytes ? (record.diskLowSince ?? now) : undefined;
    record.memoryLowSince = memoryBytes < MEMORY_FLOOR_BYTES ? (record.memoryLowSince ?? now) : undefined;
  }

  return {
    machine: { availableMemoryBytes: () => memoryBytes, freeDiskBytes: () => diskBytes },
    disk: {
      ...createVoidDisk(),
      ...files,
      readText,
      openLog: () => {
        const look = (chunk: Uint8Array): void =>
          options.look(Buffer.from(chunk).toString('latin1'), 'the log of a run');
        return { append: look, replaceEnd: (_, chunks) => chunks.forEach(look), close: () => undefined };
      },
      writeText(path, text) {
        if (path !== reserve) return files.writeText(path, text);
        if (hasReserve) return;
        hasReserve = true;
        diskBytes -= RESERVE_BYTES;
      },
      remove(path) {
        if (path !== reserve) return files.remove(path);
        if (!hasReserve) return;
        hasReserve = false;
        if (!isHungry) diskBytes += RESERVE_BYTES;
      },
    },
    isFull: () => diskBytes < FULL_BYTES,
    fill(leftBytes, takesAll) {
      diskBytes = leftBytes;
      isHungry = takesAll;
      note();
    },
    squeeze(leftBytes) {
      memoryBytes = leftBytes;
      note();
    },
    relax() {
      diskBytes = PLENTY_OF_DISK;
      memoryBytes = PLENTY_OF_MEMORY;
      isHungry = false;
      note();
    },
  };
}
