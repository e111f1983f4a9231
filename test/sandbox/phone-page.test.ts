import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { findChromium, launchBrowser } from './phone/browser.ts';
import { openPhone } from './phone/open-phone.ts';
import type { OpenPhone } from './phone/open-phone.ts';
import { createTestBot } from './phone/test-bot.ts';
import type { TestBot } from './phone/test-bot.ts';

const token = '123456:TEST-phone-page';
const owner = { id: 42, firstName: 'Mara' };

/** A machine without a Chromium still tests everything else; CI has to have one. */
const withoutChromium = findChromium(process.env) === undefined && process.env['CI'] === undefined;
if (withoutChromium) console.warn('No Chromium here: the phone page is not tested (Debian: apt install chromium).');

/** What a page is told where there is one person, and no group. */
const ALONE = { view: { as: 42, chat: 42, topic: null }, people: [], groups: [] };

describe.skipIf(withoutChromium)('phone page', () => {
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
    sandbox.userSays('/start'); // A bot cannot write to somebody who never wrote to it.
    bot = createTestBot(sandbox.apiRoot, token, owner.id);
    await bot.nextUpdate();
    phone = await openPhone(browser, sandbox.phoneUrl);
  });
  afterEach(async () => {
    await phone?.close();
    await sandbox?.close();
  });

  async function expectText(locator: ReturnType<OpenPhone['message']>, expected: string | RegExp): Promise<void> {
    await locator.filter({ hasText: expected }).waitFor();
  }

  it('shows another person’s phone, and a topic of a group, and writes and presses there', async () => {
    const shared = await createSandbox({
      token,
      owner,
      strangers: [{ id: 43, firstName: 'Anna' }],
      groups: [{ id: -1001, title: 'Business', topics: [{ id: 7, name: 'Shop' }] }],
    });
    const group = createTestBot(shared.apiRoot, token, -1001);
    const seen = await openPhone(browser, shared.phoneUrl);

    await seen.page.getByLabel('Person', { exact: true }).selectOption('Anna');
    await seen.page.getByLabel('Chat', { exact: true }).selectOption('Business › Shop');
    const elsewhere = await group.say('of the whole group');
    const id = await group.say('of the shop', {
      message_thread_id: 7,
      reply_markup: { inline_keyboard: [[{ text: 'Approve', callback_data: 'x' }]] },
    });
    await seen.message(id).waitFor();
    await seen.key(id, 'Approve').click();
    const press = await group.nextUpdate();
    await seen.page.locator('#text').fill('hello from Anna');
    await seen.page.locator('#text').press('Enter');
    const written = await group.nextUpdate();

    expect(await seen.message(elsewhere).count()).toBe(0);
    expect(press).toMatchObject({ callback_query: { from: { id: 43 }, message: { message_thread_id: 7 } } });
    expect(written).toMatchObject({ message: { from: { id: 43 }, chat: { id: -1001 }, message_thread_id: 7 } });
    expect(seen.faults).toEqual([]);
    await seen.close();
    await shared.close();
  });

  async function fillHistory(): Promise<number[]> {
    const ids: number[] = [];
    for (let line = 1; line <= 30; line += 1) ids.push(await bot.say(`line ${line}`, { disable_notification: true }));
    await phone.message(ids.at(-1) ?? 0).waitFor();
    return ids;
  }

  it('shows a message of the bot and keeps to the end when the reader is there', async () => {
    const ids = await fillHistory();

    expect(await phone.message(ids[0] ?? 0).count()).toBe(1);
    expect(await phone.distanceFromEnd()).toBeLessThan(2);
    expect(phone.faults).toEqual([]);
  });

  it('renders nested entities as elements', async () => {
    const html =
      '<b>bold <i>both</i></b> <code>x&lt;1</code> <a href="https://forum.example/t">link</a> <tg-spoiler>secret</tg-spoiler>' +
      '\n<blockquote expandable>quote</blockquote>\n<pre><code class="language-ts">let a = 1;</code></pre>';
    const id = await bot.say(html, { parse_mode: 'HTML' });
    const text = phone.text(id);

    await text.waitFor();
    expect(await text.locator('strong > em').textContent()).toBe('both');
    expect(await text.locator(':scope > code').textContent()).toBe('x<1');
    expect(await text.locator('a').getAttribute('href')).toBe('https://forum.example/t');
    expect(await text.locator('a').getAttribute('rel')).toBe('noopener noreferrer');
    expect(await text.locator('.spoiler.hidden').textContent()).toBe('secret');
    expect(await text.locator('blockquote .folded-text').textContent()).toBe('quote');
    expect(await text.locator('.pre pre code').textContent()).toBe('let a = 1;');
    expect(await text.locator('.pre .language').textContent()).toBe('ts');
  });

  it('shows a spoiler when it is pressed, and leaves it shown when the message is edited', async () => {
    const id = await bot.say('<tg-spoiler>secret</tg-spoiler> one', { parse_mode: 'HTML' });
    await phone.text(id).locator('.spoiler').click();

    const text = '<tg-spoiler>secret</tg-spoiler> two';
    await bot.call('editMessageText', { chat_id: owner.id, message_id: id, text, parse_mode: 'HTML' });

    await expectText(phone.text(id), 'two');
    expect(await phone.text(id).locator('.spoiler.hidden').count()).toBe(0);
  });

  it('counts entity offsets in UTF-16 code units', async () => {
    const entities = [{ type: 'bold', offset: 3, length: 4 }];
    const id = await bot.say('🌙 bold rest', { entities });

    await phone.text(id).waitFor();
    expect(await phone.text(id).locator('strong').textContent()).toBe('bold');
  });

  it('shows a date in the words of the reader and lets a countdown count', async () => {
    const soon = Math.floor(Date.now() / 1000) + 2 * 3600 + 300;
    const entities = [{ type: 'date_time', offset: 7, length: 5, unix_time: soon, date_time_format: 'r' }];
    const id = await bot.say('closes 22:00', { entities });

    await phone.text(id).waitFor();
    expect(await phone.text(id).locator('time[data-format="r"]').textContent()).toBe('in 2 hours');
  });

  it('leaves markup in a text, a name and a label as text', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const id = await bot.say(evil, { reply_markup: { inline_keyboard: [[{ text: '<b>x</b>', callback_data: 'x' }]] } });
    await bot.call('setMyCommands', { commands: [{ command: 'evil', description: evil.slice(0, 60) }] });
    const fileId = await bot.sendFile('<u>a.txt', 'a', evil);

    await phone.message(fileId).waitFor();
    await phone.page.locator('#cheat-sheet li').waitFor({ state: 'attached' });
    expect(await phone.text(id).textContent()).toContain(evil);
    expect(await phone.page.locator('main img, main .log script, main .log u, main .key b, aside img').count()).toBe(0);
    expect(phone.faults).toEqual([]);
  });

  it('makes no link of an address that would run a script', async () => {
    const script = 'javascript:document.title=1';
    const snapshot = {
      bot: { name: 'Nightdesk', username: 'b' },
      owner: { id: 42, first_name: 'Mara' },
      ...ALONE,
      commands: [],
    };
    const entities = [{ type: 'text_link', offset: 0, length: 4, url: script }];
    const buttons = [[{ text: 'press', url: script, pressable: false }]];
    const message = { id: 1, chat_id: 42, from: 'bot', date: 1, edit_date: null, text: 'link', entities, buttons };
    const body = `event: snapshot\ndata: ${JSON.stringify({ ...snapshot, messages: [message] })}\n\n`;
    await phone.page.route('**/phone/events', (route) => route.fulfill({ contentType: 'text/event-stream', body }));

    await phone.page.reload();

    await expectText(phone.text(1), 'link');
    expect(await phone.message(1).locator('a').count()).toBe(0);
    expect(await phone.key(1, 'press').isDisabled()).toBe(true);
  });

  it('edits a message in place without moving what the reader looks at', async () => {
    const ids = await fillHistory();
    await phone.scrollTo(200);
    const watched = phone.message(ids[10] ?? 0);
    const before = await watched.boundingBox();
    const node = await phone.message(ids[1] ?? 0).elementHandle();

    const text = 'much longer\nthan\nit\nwas';
    await bot.call('editMessageText', { chat_id: owner.id, message_id: ids[1], text });

    await expectText(phone.text(ids[1] ?? 0), 'much longer');
    const moved = ((await watched.boundingBox())?.y ?? 0) - (before?.y ?? 0);
    expect(Math.abs(moved)).toBeLessThan(1); // Browsers round a scroll position to whole pixels of the screen.
    expect(await node?.evaluate((old) => old.isConnected)).toBe(true);
    expect(
      await phone
        .message(ids[1] ?? 0)
        .locator('.edited')
        .textContent(),
    ).toBe('edited');
  });

  it('removes a message that the bot deletes', async () => {
    const id = await bot.say('gone soon');
    await phone.message(id).waitFor();

    await bot.call('deleteMessage', { chat_id: owner.id, message_id: id });

    await phone.message(id).waitFor({ state: 'detached' });
    expect(phone.faults).toEqual([]);
  });

  it('spins a pressed button until the bot answers, and shows the answer as a toast', async () => {
    const keyboard = { inline_keyboard: [[{ text: 'Approve', callback_data: 'approve', style: 'success' }]] };
    const id = await bot.say('Draft 31', { reply_markup: keyboard });
    await phone.key(id, 'Approve').click();

    const update = await bot.nextUpdate();
    const busy = await phone.key(id, 'Approve').getAttribute('aria-busy');
    await bot.call('answerCallbackQuery', { callback_query_id: update.callback_query?.id, text: 'Approved' });

    expect(update.callback_query?.data).toBe('approve');
    expect(busy).toBe('true');
    await expectText(phone.page.locator('.toast'), 'Approved');
    expect(await phone.key(id, 'Approve').getAttribute('aria-busy')).toBeNull();
  });

  it('keeps the answer to a press from other open pages', async () => {
    const id = await bot.say('Draft 31', {
      reply_markup: { inline_keyboard: [[{ text: 'Edit', callback_data: 'e' }]] },
    });
    const other = await openPhone(browser, sandbox.phoneUrl);
    await phone.key(id, 'Edit').click();
    const update = await bot.nextUpdate();

    await bot.call('answerCallbackQuery', { callback_query_id: update.callback_query?.id, text: 'Send the new text' });
    const last = await bot.say('after the answer');

    await expectText(phone.page.locator('.toast'), 'Send the new text');
    await other.message(last).waitFor();
    expect(await other.page.locator('.toast').count()).toBe(0);
    await other.close();
  });

  it('shows an answer as an alert when the bot asks for one', async () => {
    const id = await bot.say('Draft 31', {
      reply_markup: { inline_keyboard: [[{ text: 'Reject', callback_data: 'r' }]] },
    });
    await phone.key(id, 'Reject').click();
    const update = await bot.nextUpdate();

    const query = { callback_query_id: update.callback_query?.id, text: 'It is published already', show_alert: true };
    await bot.call('answerCallbackQuery', query);

    await expectText(phone.page.locator('dialog[open] p'), 'It is published already');
    await phone.page.keyboard.press('Enter');
    await phone.page.locator('dialog[open]').waitFor({ state: 'detached' });
    expect(await phone.page.locator('.toast').count()).toBe(0);
  });

  it('greys a button that is disabled and opens an address in a new tab', async () => {
    const rows = [
      [
        { text: 'Approved', disabled: {} },
        { text: 'Open', url: 'https://forum.example/t' },
      ],
    ];
    const id = await bot.say('Draft 30', { reply_markup: { inline_keyboard: rows } });

    await phone.message(id).waitFor();
    expect(await phone.key(id, 'Approved').isDisabled()).toBe(true);
    expect(await phone.key(id, 'Open').getAttribute('target')).toBe('_blank');
    expect(await phone.key(id, 'Open').getAttribute('href')).toBe('https://forum.example/t');
  });

  it('sends what is typed on Enter, and a new line on Shift+Enter', async () => {
    const field = phone.page.locator('#text');
    await field.fill('first');
    await field.press('Shift+Enter');
    await field.pressSequentially('second');
    await field.press('Enter');

    const update = await bot.nextUpdate();

    expect(update.message?.text).toBe('first\nsecond');
    expect(await field.inputValue()).toBe('');
    await phone.page.locator('.from-user .text', { hasText: 'second' }).waitFor();
  });

  it('sends a reply to the message that was chosen, quotes it, and jumps to it when the quote is pressed', async () => {
    const id = await bot.say('Draft 31: shorter?');
    await phone.message(id).hover();
    await phone.message(id).getByRole('button', { name: 'Reply' }).click();
    await expectText(phone.page.locator('#replying'), 'Draft 31');
    await phone.page.locator('#text').fill('yes');
    await phone.page.locator('#text').press('Enter');

    const update = await bot.nextUpdate();
    await fillHistory();
    const quote = phone.page.locator('.from-user .quote');
    await expectText(quote, 'Draft 31: shorter?');
    await quote.click();

    expect(update.message?.reply_to_message?.message_id).toBe(id);
    expect(await phone.page.locator('#replying').isHidden()).toBe(true);
    await phone.page.locator(`.message.flash[data-id="${id}"]`).waitFor();
  });

  it('takes back a reply with Escape', async () => {
    const id = await bot.say('Draft 31');
    await phone.message(id).hover();
    await phone.message(id).getByRole('button', { name: 'Reply' }).click();

    await phone.page.locator('#text').press('Escape');

    expect(await phone.page.locator('#replying').isHidden()).toBe(true);
  });

  it('sends a command when it is pressed in a text', async () => {
    const id = await bot.say('Try /status, see https://forum.example/t.');

    await phone.text(id).getByRole('button', { name: '/status' }).click();

    expect((await bot.nextUpdate()).message?.text).toBe('/status');
    expect(await phone.text(id).locator('a').getAttribute('href')).toBe('https://forum.example/t');
  });

  it('offers the commands that fit what is typed, and sends the first on Enter', async () => {
    const commands = ['status', 'stop', 'drafts'].map((command) => ({ command, description: `about ${command}` }));
    await bot.call('setMyCommands', { commands });
    await phone.page.locator('#cheat-sheet li').nth(2).waitFor({ state: 'attached' });

    await phone.page.locator('#text').pressSequentially('/st');
    const options = await phone.page.getByRole('option').allTextContents();
    await phone.page.locator('#text').press('ArrowDown');
    await phone.page.locator('#text').press('Enter');

    expect(options).toEqual(['/statusabout status', '/stopabout stop']);
    expect((await bot.nextUpdate()).message?.text).toBe('/stop');
  });

  it('shows a picture as itself, with its caption', async () => {
    const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const id = await bot.sendFile('dot.png', Uint8Array.from(Buffer.from(dot, 'base64')), 'a dot', 'photo');
    const picture = phone.message(id).locator('img.media');

    await expectText(phone.message(id), 'a dot');
    await picture.waitFor();
    const width = await picture.evaluate(async (node) => {
      const image = node as unknown as { decode(): Promise<void>; readonly naturalWidth: number };
      await image.decode();
      return image.naturalWidth;
    });

    expect(width).toBe(1);
    expect(await picture.getAttribute('alt')).toBe('dot.png');
    expect(phone.faults).toEqual([]);
  });

  it('hands out a document with its name and content', async () => {
    const id = await bot.sendFile('run-4412.log', 'line 1\nline 2\n', 'The log');
    const download = phone.page.waitForEvent('download');

    await phone.message(id).locator('.file').click();

    const file = await download;
    expect(file.suggestedFilename()).toBe('run-4412.log');
    expect(await readFile(await file.path(), 'utf8')).toBe('line 1\nline 2\n');
    await expectText(phone.message(id).locator('.file-about'), '14 B');
  });

  it('counts unread messages while the reader is further up, and forgets them at the end', async () => {
    await fillHistory();
    await phone.scrollTo(0);

    await bot.say('alert', {});
    await bot.say('report', { disable_notification: true });

    await expectText(phone.page.locator('#jump .badge'), /^2$/);
    expect(await phone.page.title()).toBe('(1) Nightdesk');
    await expectText(phone.page.locator('#banner'), 'alert');
    await phone.page.locator('#jump').click();
    await phone.page.locator('#jump').waitFor({ state: 'hidden' });
    expect(await phone.page.title()).toBe('Nightdesk');
  });

  it('announces what a message says below its first line, and an answer below that', async () => {
    await fillHistory();
    await phone.scrollTo(0);

    await bot.say('writer asks\n\nWhich title?');
    await expectText(phone.page.locator('#banner'), 'writer asks Which title?');
    const banner = await phone.page.locator('#banner').boundingBox();
    const toasts = await phone.page.locator('#toasts').boundingBox();

    expect(toasts?.y ?? 0).toBeGreaterThanOrEqual((banner?.y ?? 0) + (banner?.height ?? 0));
  });

  it('counts what buzzed apart from what came without a sound', async () => {
    const loud = await bot.say('alert');
    const quiet = await bot.say('report', { disable_notification: true });

    await phone.message(quiet).waitFor();
    expect(await phone.page.locator('#buzzes').getAttribute('aria-label')).toMatch(/^1 buzz/);
    expect(await phone.message(quiet).locator('.meta .silent').count()).toBe(1);
    expect(await phone.message(loud).locator('.meta .silent').count()).toBe(0);
  });

  it('follows the system into the dark, and remembers another choice', async () => {
    const colour = () =>
      phone.page
        .locator('.phone')
        .evaluate((node) => node.ownerDocument.defaultView?.getComputedStyle(node).backgroundColor);
    const light = await colour();
    await phone.page.emulateMedia({ colorScheme: 'dark' });
    const dark = await colour();

    await phone.page.getByRole('button', { name: 'Switch to light' }).click();
    await phone.page.reload();

    expect(dark).not.toBe(light);
    expect(await colour()).toBe(light);
  });

  it('never scrolls sideways, however long a word or a line of code is', async () => {
    const word = 'x'.repeat(600);
    const id = await bot.say(`${word}\n<pre>${word}</pre>`, { parse_mode: 'HTML' });
    await phone.message(id).waitFor();

    const widths = await phone.page.locator('#scroller').evaluate((node) => [node.scrollWidth, node.clientWidth]);

    expect(widths[0]).toBe(widths[1]);
    expect(
      await phone
        .text(id)
        .locator('pre')
        .evaluate((node) => node.scrollWidth > node.clientWidth),
    ).toBe(false);
  });

  it('shows all of a line of code without another gesture, and no button over it', async () => {
    const command = `echo ${'one by one, '.repeat(12)}`;
    const id = await bot.say(`<pre>${command}</pre>`, { parse_mode: 'HTML' });
    await phone.message(id).waitFor();

    const code = await phone
      .text(id)
      .locator('.pre')
      .evaluate((node) => {
        const range = node.ownerDocument.createRange();
        const code = node.querySelector('pre code');
        if (code) range.selectNodeContents(code);
        const frame = node.getBoundingClientRect();
        const copy = node.querySelector('.copy')?.getBoundingClientRect();
        const lines = [...range.getClientRects()];
        return {
          beyond: lines.filter((line) => line.right > frame.right || line.left < frame.left).length,
          covered: lines.filter((line) => copy && line.right > copy.left && line.top < copy.bottom).length,
          lines: lines.length,
        };
      });

    expect(code.lines).toBeGreaterThan(1);
    expect(code).toMatchObject({ beyond: 0, covered: 0 });
  });

  it('says that it is connecting while the sandbox is away, and keeps what could not be sent', async () => {
    const port = Number(new URL(sandbox.phoneUrl).port);
    await sandbox.close();
    await expectText(phone.page.locator('#status'), 'connecting…');

    await phone.page.locator('#text').fill('kept');
    await phone.page.locator('#text').press('Enter');
    await expectText(phone.page.locator('.toast'), 'does not answer');
    sandbox = await createSandbox({ token, owner, port });

    await expectText(phone.page.locator('#status'), /^bot$/);
    expect(await phone.page.locator('#text').inputValue()).toBe('kept');
  });

  it('keeps messages and place, and counts what came meanwhile, when it is connected again', async () => {
    const ids = await fillHistory();
    const again = Promise.withResolvers<void>();
    let opened = 0;
    await phone.page.route('**/phone/events', async (route) => {
      opened += 1;
      if (opened > 1) await again.promise;
      const snapshot = {
        bot: { name: 'Nightdesk', username: 'nightdesk_sandbox_bot' },
        owner: { id: owner.id, first_name: owner.firstName },
        ...ALONE,
        commands: [],
        messages: sandbox.messages(),
      };
      const body = `retry: 50\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;
      await route.fulfill({ contentType: 'text/event-stream', body });
    });
    await phone.page.reload();
    await phone.message(ids[29] ?? 0).waitFor();
    await phone.scrollTo(200);
    const node = await phone.message(ids[10] ?? 0).elementHandle();
    const before = await node?.boundingBox();

    await bot.say('came meanwhile');
    again.resolve();

    await expectText(phone.page.locator('#jump .badge'), /^1$/);
    expect(await node?.boundingBox()).toEqual(before);
  });
});
