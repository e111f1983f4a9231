import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

/** An open phone page, and the shortest way to its parts. */
export interface OpenPhone {
  readonly page: Page;
  /** What the browser reported as wrong: exceptions of the page, refusals by the content security policy. */
  readonly faults: string[];
  message(id: number): Locator;
  text(id: number): Locator;
  key(id: number, label: string): Locator;
  distanceFromEnd(): Promise<number>;
  scrollTo(top: number): Promise<void>;
  close(): Promise<void>;
}

const phoneScreen = { width: 390, height: 844 };

/** Opens the page as a phone shows it and waits until the snapshot is there. */
export async function openPhone(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPhone> {
  const context = await browser.newContext({ viewport: phoneScreen, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (entry) => {
    // A stream or a request that fails while the sandbox is away is what the page is made for.
    if (entry.type() === 'error' && !entry.text().includes('net::ERR_')) faults.push(entry.text());
  });
  await page.goto(url);
  await page.locator('#status', { hasText: /^bot$/ }).waitFor();
  const scroller = page.locator('#scroller');
  const message = (id: number) => page.locator(`.message[data-id="${id}"]`);
  return {
    page,
    faults,
    message,
    text: (id) => message(id).locator('.text'),
    key: (id, label) => message(id).locator('.key', { hasText: label }),
    distanceFromEnd: () => scroller.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight),
    async scrollTo(top) {
      // The page notices a scroll by its event, one frame later.
      await scroller.evaluate(async (node, wanted) => {
        const window = node.ownerDocument.defaultView;
        node.scrollTop = wanted;
        await new Promise((resolve) => window?.requestAnimationFrame(() => window.requestAnimationFrame(resolve)));
      }, top);
    },
    close: () => context.close(),
  };
}
