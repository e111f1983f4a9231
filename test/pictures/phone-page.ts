import type { Browser, Page } from 'playwright-core';

/** Opens the phone as the README shows it: as wide as a phone, one and a half pixels to the point, so that the files stay small. */
export async function openPhonePage(
  browser: Browser,
  url: string,
  viewport: { readonly width: number; readonly height: number } = { width: 400, height: 780 },
): Promise<Page> {
  const page = await browser.newPage({
    viewport,
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  });
  await page.goto(url);
  return page;
}
