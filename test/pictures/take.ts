import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { launchBrowser } from '../sandbox/phone/browser.ts';
import { takeDemo } from './demo-pictures.ts';
import { takeDigest } from './digest-picture.ts';

/** Beyond this the letters of a WebP get no sharper, only its file larger. */
const QUALITY = 88;

/**
 * Takes the README's pictures of the phone anew: `npm run pictures` for all of them (three minutes: the demo's token has to expire), or
 * `npm run pictures -- digest`.
 */
async function take(only: string | undefined): Promise<void> {
  const browser = await launchBrowser();
  try {
    if (only === undefined || only === 'digest') await takeDigest(browser, keep);
    if (only === undefined || only === 'demo') await takeDemo(browser, keep);
  } finally {
    await browser.close();
  }
}

async function keep(name: string, screenshot: Buffer): Promise<void> {
  const image = await loadImage(screenshot);
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const file = join(import.meta.dirname, `${name}.webp`);
  const content = await canvas.encode('webp', QUALITY);
  writeFileSync(file, content);
  process.stdout.write(`${name}.webp: ${Math.round(content.length / 1_000)} kB\n`);
}

await take(process.argv[2]);
