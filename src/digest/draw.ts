import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { readStdinText } from '../gateway/stdin-text.ts';
import { deskPicture } from './charts/desk-picture.ts';
import type { Picture } from './charts/picture.ts';
import { spendPicture } from './charts/spend-picture.ts';
import { timelinePicture } from './charts/timeline-picture.ts';
import { readFigures } from './read-figures.ts';

/** Ten times the figures of a hundred busy agents. */
const MAX_FIGURES_BYTES = 16_000_000;
/** sysexits.h: the input was no good. */
const EX_DATAERR = 65;
/** And this: a file could not be written. */
const EX_IOERR = 74;

/**
 * Draws the pictures of a digest: `node src/digest/draw.ts FOLDER`, the figures as JSON on stdin. It is a process of its own, so that the
 * memory that painting takes never belongs to the control plane. Its last line says what it wrote:
 * `{"pictures":[{"file":"spend.png","caption":"…"}]}`; a picture that would show nothing is not in it. 65: the figures are no good; 74: a
 * file cannot be written.
 */
async function draw(): Promise<number> {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) return refuse('expected the folder for the pictures as the only argument');
  const input = await readStdinText(process.stdin, {
    what: 'the figures',
    maxBytes: MAX_FIGURES_BYTES,
    tooLong: `${MAX_FIGURES_BYTES} bytes`,
  });
  if (input.kind === 'wrong') return refuse(input.reason);
  const read = readFigures(input.text);
  if (read.kind === 'wrong') return refuse(read.reason);
  const { figures } = read;
  const pictures = [spendPicture(figures.spend), timelinePicture(figures), deskPicture(figures)].filter(
    (picture) => picture !== undefined,
  );
  try {
    if (pictures.length > 0) await paintInto(folder, pictures);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), EX_IOERR);
  }
  const written = pictures.map(({ file, caption }) => ({ file, caption }));
  process.stdout.write(`${JSON.stringify({ pictures: written })}\n`);
  return 0;
}

/** The charting library and the canvas are loaded here only: what is refused, or shows nothing, needs neither. */
async function paintInto(folder: string, pictures: readonly Picture[]): Promise<void> {
  const { createPainter } = await import('./charts/painter.ts');
  const paint = createPainter();
  for (const picture of pictures) writeFileSync(join(folder, picture.file), paint(picture), { mode: 0o600 });
}

function refuse(reason: string, code: number = EX_DATAERR): number {
  process.stderr.write(`${reason}\n`);
  return code;
}

// A process of two seconds gains nothing from room to grow: without this its peak is 100 MB higher.
setFlagsFromString('--optimize-for-size');
// The canvas would look through all fonts of the machine, of which none is used; on some that takes 30 MB.
process.env['DISABLE_SYSTEM_FONTS_LOAD'] = '1';
process.exitCode = await draw();
