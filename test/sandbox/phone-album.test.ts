import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { findChromium, launchBrowser } from './phone/browser.ts';
import { type OpenPhone, openPhone } from './phone/open-phone.ts';
import { createTestBot, type TestBot } from './phone/test-bot.ts';

const token = '123456:TEST-phone-album';
const owner = { id: 42, firstName: 'Mara' };
const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A machine without a Chromium still tests everything else; CI has to have one. */
const withoutChromium = findChromium(process.env) === undefined && process.env['CI'] === undefined;

describe.skipIf(withoutChromium)('albums on the phone page', () => {
  let browser: Browser;
  let sandbox: Sandbox;
  let bot: TestBot;
  let phone: OpenPhone;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(async () => {
    sandbox = await createSandbox({ token, owner });
    sandbox.userSays('/start');
    bot = createTestBot(sandbox.apiRoot, token, owner.id);
    await bot.nextUpdate();
    phone = await openPhone(browser, sandbox.phoneUrl);
  });
  afterEach(async () => {
    await phone?.close();
    await sandbox?.close();
  });

  /** Sends pictures together; an empty caption is none. */
  async function sendAlbum(captions: readonly string[], replyTo?: number): Promise<void> {
    const form = new FormData();
    const media = captions.map((caption, index) => ({ type: 'photo', media: `attach://p${index}`, caption }));
    form.set('chat_id', String(owner.id));
    form.set('media', JSON.stringify(media));
    if (replyTo !== undefined) form.set('reply_parameters', JSON.stringify({ message_id: replyTo }));
    for (const index of captions.keys()) form.set(`p${index}`, new Blob([dot]), `picture-${index}.png`);
    const answer = await fetch(`${sandbox.apiRoot}/bot${token}/sendMediaGroup`, { method: 'POST', body: form });
    expect(((await answer.json()) as { ok: boolean }).ok).toBe(true);
    await phone.page
      .locator('.album .picture')
      .nth(captions.length - 1)
      .waitFor();
  }

  async function boxes(tiles: Locator) {
    return await tiles.evaluateAll((nodes) =>
      nodes.map((node) => {
        const { left, top, width } = node.getBoundingClientRect();
        return { left: Math.round(left), top: Math.round(top), width: Math.round(width) };
      }),
    );
  }

  it('stand in one frame, three as one above two, and reach over no edge of the phone', async () => {
    const text = await bot.say('Digest');
    await sendAlbum(['one', 'two', 'three'], text);
    const [first, second, third] = await boxes(phone.page.locator('.album .picture'));

    expect(await phone.page.locator('.album').count()).toBe(1);
    expect(second?.top).toBe(third?.top);
    expect(first?.top).toBeLessThan(second?.top ?? 0);
    expect(second?.left).toBe(first?.left);
    expect((second?.width ?? 0) + (third?.width ?? 0) + 2).toBe(first?.width);
    const tooWide = await phone.page.locator('#scroller').evaluate((node) => node.scrollWidth - node.clientWidth);
    expect(tooWide).toBe(0);
    expect(await phone.page.locator('.album .quote:visible').count()).toBe(1);
    expect(phone.faults).toEqual([]);
  });

  it('shows the only caption below the tiles', async () => {
    await sendAlbum(['', 'all of *them*']);

    expect(await phone.page.locator('.album-caption').innerText()).toBe('all of *them*');
  });

  it('shows each of several captions with its picture, where it is opened', async () => {
    await sendAlbum(['one', 'two', 'three']);

    expect(await phone.page.locator('.album-caption').count()).toBe(0);
    await phone.page.getByRole('button', { name: 'Open picture-1.png' }).click();
    const viewer = phone.page.getByRole('dialog', { name: 'Pictures' });
    await viewer.getByText('two').waitFor();
    const visible = () =>
      viewer.locator('.strip').evaluate((strip) => Math.round(strip.scrollLeft / Math.max(1, strip.clientWidth)));
    expect(await visible()).toBe(1);
    await phone.page.keyboard.press('ArrowRight');
    await expect.poll(visible).toBe(2);
    await phone.page.keyboard.press('Escape');
    await expect.poll(() => phone.page.locator('.viewer').count()).toBe(0);
    expect(phone.faults).toEqual([]);
  });

  it('opens a picture that came alone, with its caption', async () => {
    const id = await bot.sendFile('dot.png', dot, 'a single dot', 'photo');
    await phone.message(id).locator('.picture').click();

    await phone.page.locator('.viewer figcaption', { hasText: 'a single dot' }).waitFor();
    await phone.page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => phone.page.locator('.viewer').count()).toBe(0);
  });

  it('loses a picture that is deleted, and the frame when only one is left', async () => {
    await sendAlbum(['one', 'two', 'three']);
    const ids = sandbox.messages().filter(({ media }) => media !== undefined);
    await bot.call('deleteMessage', { chat_id: owner.id, message_id: ids[0]?.id });
    await expect.poll(() => phone.page.locator('.album.pair .picture').count()).toBe(2);

    await bot.call('deleteMessage', { chat_id: owner.id, message_id: ids[1]?.id });
    await expect.poll(() => phone.page.locator('.album').count()).toBe(0);
    await phone
      .text(ids[2]?.id ?? 0)
      .filter({ hasText: 'three' })
      .waitFor();
  });
});
