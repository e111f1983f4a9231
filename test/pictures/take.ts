import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launchBrowser } from '../sandbox/phone/browser.ts';

/** Takes the README's pictures of the phone from a running demo: `node test/pictures/take.ts` (two minutes: the token has to expire). */
async function take(): Promise<void> {
  const root = join(import.meta.dirname, '..', '..');
  const demo = spawn(process.execPath, ['src/cli.ts', 'demo'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const browser = await launchBrowser();
  try {
    const url = await phoneUrl(demo.stdout);
    const page = await browser.newPage({
      viewport: { width: 400, height: 780 },
      deviceScaleFactor: 1.5,
      colorScheme: 'light',
      timezoneId: 'Europe/Berlin',
      locale: 'en-GB',
    });
    const picture = (name: string) => page.screenshot({ path: join(import.meta.dirname, `${name}.png`) });
    await page.goto(url);
    await page.getByRole('button', { name: 'Approve' }).last().waitFor({ timeout: 60_000 });
    await picture('draft');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('button', { name: 'Re-auth' }).last().waitFor({ timeout: 180_000 });
    await picture('alert');
    await page.getByRole('button', { name: 'Re-auth' }).last().click();
    await page.getByText('Recovered:').last().waitFor({ timeout: 30_000 });
    // The answer to the press has to be gone.
    await page.waitForTimeout(4_000);
    await page.getByRole('textbox').fill('/status');
    await page.keyboard.press('Enter');
    await page.getByText('murmur: alive').last().waitFor({ timeout: 10_000 });
    // It fades in.
    await page.waitForTimeout(700);
    await picture('status');
  } finally {
    await browser.close();
    demo.kill('SIGTERM');
    await once(demo, 'exit');
  }
}

async function phoneUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const url = /https?:\S+\/phone/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('the demo ended before it printed the address of the phone');
}

await take();
