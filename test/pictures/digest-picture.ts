import { chmodSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { openStage, OWNER } from '../e2e/program.ts';
import { believableFleet, writeBelievablePast } from './believable-past.ts';
import { openPhonePage } from './phone-page.ts';

/** What has just come fades in, and the answer to a press goes. */
const FADE_MS = 4_000;

/** Takes the pictures of a fleet with a month behind it: /fleet with an agent's panel, and /digest, text and album on one screen. */
export async function takeDigest(
  browser: Browser,
  picture: (name: string, image: Buffer) => Promise<void>,
): Promise<void> {
  const stage = await openStage();
  try {
    stage.write('fleet.yaml', believableFleet(OWNER));
    stage.write('prompt.md', 'Look after the shop.\n');
    chmodSync(stage.write('bin/claude', '#!/bin/sh\necho "2.1.330 (Claude Code)"\n'), 0o755);
    writeBelievablePast(stage.path('state'), Date.now());
    const program = await stage.startReady({ PATH: `${stage.path('bin')}:${process.env['PATH'] ?? ''}` });
    const fleet = await openPhonePage(browser, stage.sandbox.phoneUrl);
    stage.sandbox.userSays('/fleet');
    await fleet.getByRole('button', { name: 'scout' }).waitFor();
    stage.sandbox.userSays('/fleet');
    await fleet.getByRole('button', { name: 'scout' }).nth(1).click();
    await fleet.getByRole('button', { name: 'WORKSTATE' }).waitFor();
    await fleet.mouse.move(0, 0);
    await fleet.waitForTimeout(FADE_MS);
    await picture('fleet', await fleet.screenshot());
    await fleet.close();

    const page = await openPhonePage(browser, stage.sandbox.phoneUrl, { width: 400, height: 1_040 });
    stage.sandbox.userSays('/digest 24h');
    await page.locator('.album .picture').nth(2).waitFor({ timeout: 60_000 });
    await page.evaluate(async () => {
      const { document } = globalThis as unknown as { document: { images: Iterable<{ decode(): Promise<void> }> } };
      for (const image of document.images) await image.decode();
    });
    await page.waitForTimeout(FADE_MS);
    await picture('digest', await page.screenshot());
    await program.stop();
  } finally {
    await stage.close();
  }
}
