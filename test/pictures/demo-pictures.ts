import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Locator, Page } from 'playwright-core';
import { openPhonePage } from './phone-page.ts';

/** Takes the pictures of the running demo: a draft, an alert, and its recovery with /status. */
export async function takeDemo(browser: Browser, keep: (name: string, image: Buffer) => Promise<void>): Promise<void> {
  const root = join(import.meta.dirname, '..', '..');
  const demo = spawn(process.execPath, ['src/cli.ts', 'demo'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const page = await openPhonePage(browser, await phoneUrl(demo.stdout));
    /** With the message that has this button or text at the lower edge, whatever came after it. */
    const picture = async (name: string, what: Locator): Promise<void> => {
      // What has just come fades in, and the answer to a press goes.
      await page.waitForTimeout(name === 'draft' || name === 'alert' ? 700 : 4_000);
      await page.mouse.move(0, 0);
      await page
        .locator('.message', { has: what })
        .last()
        .evaluate((node) => node.scrollIntoView({ block: 'end' }));
      await page.waitForTimeout(200);
      await keep(name, await page.screenshot());
    };
    const button = (label: string) => page.getByRole('button', { name: label });
    await button('Approve').last().waitFor({ timeout: 60_000 });
    await picture('draft', button('Approve'));
    await page.emulateMedia({ colorScheme: 'dark' });
    await button('Silence').last().waitFor({ timeout: 180_000 });
    await picture('alert', button('Silence'));
    await button('Re-auth').last().click();
    await page.getByText('Recovered:').last().waitFor({ timeout: 30_000 });
    await say(page, '/status');
    await page.getByText('murmur: alive').last().waitFor({ timeout: 10_000 });
    await picture('status', page.getByText('murmur: alive'));
  } finally {
    demo.kill('SIGTERM');
    await once(demo, 'exit');
  }
}

async function say(page: Page, words: string): Promise<void> {
  await page.getByRole('textbox').fill(words);
  await page.keyboard.press('Enter');
}

async function phoneUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const url = /https?:\S+\/phone/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('the demo ended before it printed the address of the phone');
}
