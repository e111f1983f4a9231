import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The Chromium to test with: the environment's CHROMIUM, else the usual names on PATH, else Debian's; undefined where there is none. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env['CHROMIUM'];
  if (chosen !== undefined) {
    if (existsSync(chosen)) return chosen;
    throw new Error(`CHROMIUM names ${chosen}, where there is no file.`);
  }
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** Starts a headless Chromium that talks to nobody but the page. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (executablePath === undefined) {
    throw new Error(
      'The phone page is tested in a real Chromium: install one (Debian: apt install chromium) or name it in CHROMIUM.',
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox', // Containers run the tests as root; the only page ever opened is our own.
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
