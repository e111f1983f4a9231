import { extname, join } from 'node:path';
import type { Clock, Disk, Processes } from '../ports.ts';
import { createProgramRunner, explainExit, type ProgramResult } from '../run-program.ts';
import { duration, shorten } from '../telegram/cards/words.ts';
import type { MediaItem } from '../telegram/outbox.ts';
import type { DigestFigures } from './figures.ts';

/** Drawing takes about a second; what takes this long hangs. */
const LIMIT_MS = 30_000;
/** What JavaScript may take of memory for it; the pictures of a large fleet take a third of it. */
const MOST_HEAP_MB = 256;
/** Telegram takes no larger photo, and no more of them in an album (Bot API). */
const MOST_PICTURE_BYTES = 10_000_000;
const MOST_PICTURES = 10;
/** Half of what a caption may have: under a picture nobody reads more. */
const LONGEST_CAPTION = 500;
const PICTURE_NAME = /^[a-z0-9][a-z0-9._-]{0,60}\.png$/i;

/** What came of drawing. */
export type Drawn =
  | { readonly kind: 'drawn'; readonly pictures: readonly MediaItem[] }
  | { readonly kind: 'failed'; readonly why: string };

/** Draws the pictures of digests in a process of its own. */
export interface Drawing {
  /** Never rejects. `notes` are said below the pictures of these files. */
  draw(figures: DigestFigures, folder: string, notes?: Readonly<Record<string, string>>): Promise<Drawn>;
  /** Ends what is being drawn. */
  kill(): void;
}

/** The program that draws, beside this file. */
export function drawProgram(): readonly [string, ...string[]] {
  const file = join(import.meta.dirname, `draw${extname(import.meta.filename)}`);
  return [process.execPath, `--max-old-space-size=${MOST_HEAP_MB}`, file];
}

/** Builds the drawing over a program that gets a folder, and figures on its stdin. */
export function createDrawing(options: {
  readonly program: readonly [string, ...string[]];
  readonly processes: Pick<Processes, 'spawn'>;
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'ensureFolder' | 'listFiles' | 'remove' | 'digest'>;
  readonly env: Readonly<Record<string, string>>;
}): Drawing {
  const { disk } = options;
  const programs = createProgramRunner(options.processes, options.clock);

  /** A folder without what an attempt before left behind; undefined when it can be made, else why not. */
  function prepare(folder: string): string | undefined {
    try {
      disk.ensureFolder(folder);
      for (const { path } of disk.listFiles(folder)) disk.remove(path);
      return undefined;
    } catch (error) {
      return `there is no place for them (${error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'unknown'})`;
    }
  }

  async function collect(
    result: ProgramResult,
    folder: string,
    notes: Readonly<Record<string, string>>,
  ): Promise<Drawn> {
    const trouble = explain(result);
    if (trouble !== undefined) return { kind: 'failed', why: trouble };
    const named = readAnswer(result.stdout);
    if (named === undefined) return { kind: 'failed', why: 'it did not say what it had drawn' };
    const sizes = new Map(disk.listFiles(folder).map(({ path, sizeBytes }) => [path, sizeBytes]));
    const pictures: MediaItem[] = [];
    for (const { file, caption } of named) {
      const path = join(folder, file);
      const size = sizes.get(path) ?? 0;
      const sha256 = size > 0 && size <= MOST_PICTURE_BYTES ? await disk.digest(path) : undefined;
      if (sha256 === undefined) return { kind: 'failed', why: `${file} is not there, or larger than Telegram takes` };
      pictures.push({ as: 'photo', path, name: file, sha256, caption: [caption, notes[file] ?? ''].join(' ').trim() });
    }
    return { kind: 'drawn', pictures };
  }

  return {
    async draw(figures, folder, notes = {}) {
      const trouble = prepare(folder);
      if (trouble !== undefined) return { kind: 'failed', why: trouble };
      const [program, ...before] = options.program;
      const request = {
        argv: [program, ...before, folder] as const,
        cwd: folder,
        env: options.env,
        stdin: JSON.stringify(figures),
      };
      return await collect(await programs.run(request, LIMIT_MS), folder, notes);
    },
    kill: programs.kill,
  };
}

/** Why there is nothing to collect; undefined: it ended well. */
function explain({ exit, timedOut, stderr }: ProgramResult): string | undefined {
  if (timedOut) return `drawing took longer than ${duration(LIMIT_MS)}`;
  if (exit.kind === 'exited' && exit.code === 0) return undefined;
  const last = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? explainExit(exit) : shorten(last, 200);
}

/** The last line of what it printed; undefined when that is not what was agreed. */
function readAnswer(stdout: string): readonly { readonly file: string; readonly caption: string }[] | undefined {
  try {
    const { pictures } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly pictures?: unknown };
    if (!Array.isArray(pictures) || pictures.length > MOST_PICTURES) return undefined;
    const named = pictures.map((picture: unknown) => {
      const { file, caption } = picture as { readonly file?: unknown; readonly caption?: unknown };
      return { file: String(file), caption: shorten(typeof caption === 'string' ? caption : '', LONGEST_CAPTION) };
    });
    return named.every(({ file }) => PICTURE_NAME.test(file)) ? named : undefined;
  } catch {
    return undefined;
  }
}
