import fc from 'fast-check';
import { Api, InputFile } from 'grammy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DraftRow, DraftState } from '../../../storage/draft-store.ts';
import { createSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { createCallbackData } from '../../../src/telegram/callback-data.ts';
import { renderDraftCard, renderReplacedCard, renderUnknownCard } from '../../../src/telegram/cards/draft-card.ts';
import type { Content } from '../../../src/telegram/outbox.ts';

const TOKEN = '123456:TEST-cards';
const OWNER = 4242;
const NOW = Date.UTC(2026, 10, 22, 12);
const setting = { timezone: 'Europe/Berlin', now: NOW, callbackData: createCallbackData('a key of the test') };
const STATES: readonly DraftState[] = [
  'pending',
  'approved',
  'publishing',
  'published',
  'unknown',
  'rejected',
  'expired',
];

let sandbox: Sandbox;
let api: Api;

beforeAll(async () => {
  sandbox = await createSandbox({ token: TOKEN, owner: { id: OWNER, firstName: 'Ada' } });
  api = new Api(TOKEN, { apiRoot: sandbox.apiRoot });
});
afterAll(() => sandbox.close());

function draft(more: Partial<DraftRow> = {}): DraftRow {
  return {
    id: 17,
    agent: 'scout',
    runId: 1,
    key: null,
    kind: 'reply',
    recipient: '@ada',
    url: 'https://social.example/post/1',
    context: 'What do you think?',
    priority: 3,
    state: 'pending',
    revision: 1,
    createdAt: NOW,
    windowEndsAt: NOW + 4 * 3_600_000,
    decidedAt: NOW,
    decidedBy: null,
    reason: null,
    publishedUrl: null,
    publishedId: null,
    snoozedUntil: null,
    remindedPercent: 0,
    reviseInstruction: null,
    reviseWantedBy: null,
    reviseWantedAt: null,
    shownAt: null,
    isQueued: 0,
    undoUntil: null,
    restoredAt: null,
    body: 'I think so too.',
    hash: 'abc',
    media: '[]',
    ...more,
  };
}

/** Sends a card as the sender does; gives the message as the person sees it, or the refusal. */
async function show(content: Content) {
  if (content.kind !== 'text' && content.kind !== 'document') throw new Error('a card was expected');
  const reply_markup = {
    inline_keyboard: (content.buttons ?? []).map((row) =>
      row.map(({ text, data = '' }) => ({ text, callback_data: data })),
    ),
  };
  const entities = content.body.entities as never;
  const sent =
    content.kind === 'text'
      ? await api.sendMessage(OWNER, content.body.text, { entities, reply_markup })
      : await api.sendDocument(OWNER, new InputFile(Buffer.from(content.content), content.name), {
          caption: content.body.text,
          caption_entities: entities,
          reply_markup,
        });
  return sandbox.messages().find((message) => message.id === sent.message_id)!;
}

function contains(content: Content, body: string): boolean {
  if (content.kind === 'document') return content.content === body;
  return content.kind === 'text' && content.body.text.includes(body);
}

test('any draft gives cards that Telegram takes, with the whole text in the message or in the file', async () => {
  const anyText = (maxLength: number) =>
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength }),
      fc.string({ unit: 'binary', maxLength }).map((s) => s.toWellFormed()),
    );
  const body = fc
    .oneof(
      anyText(300),
      fc.tuple(anyText(20), fc.integer({ min: 1, max: 700 })).map(([piece, times]) => `x${piece.repeat(times)}y`),
    )
    .filter((text) => text.trim() !== '');

  await fc.assert(
    fc.asyncProperty(
      body,
      fc.option(anyText(900)),
      anyText(400),
      fc.constantFrom(...STATES),
      fc.option(anyText(400)),
      fc.constantFrom(null, 'https://a.example/x', 'urn:isbn:1', `https://a.example/${'p'.repeat(2000)}`),
      async (text, context, recipient, state, reason, url) => {
        const row = draft({ body: text, context, recipient, state, reason, url, publishedUrl: url });

        for (const content of [renderDraftCard(row, setting), renderReplacedCard(draft({ revision: 2 }), row)]) {
          expect(contains(content, text)).toBe(true);
          const message = await show(content);
          expect(message.text.length).toBeLessThanOrEqual(content.kind === 'text' ? 4096 : 1024);
        }
        await show(renderUnknownCard(row, setting));
      },
    ),
    { numRuns: 100 },
  );
});

test('a draft keeps its form in every state, since a message cannot become a document', () => {
  for (let length = 3_000; length <= 4_200; length += 13) {
    const body = 'x'.repeat(length);
    const kinds = STATES.map(
      (state) =>
        renderDraftCard(draft({ body, state, reason: 'r'.repeat(400), publishedUrl: 'https://a.example/x' }), setting, {
          waiting: 'w'.repeat(300),
        }).kind,
    );
    const replaced = renderReplacedCard(draft({ revision: 2 }), draft({ body })).kind;

    expect(new Set([...kinds, replaced]).size).toBe(1);
  }
});

test('a text that does not fit a message is a file, with Approve on the file itself', async () => {
  const body = `start ${'long '.repeat(1_000)}end`;

  const message = await show(renderDraftCard(draft({ body }), setting));

  const file = await fetch(`${sandbox.apiRoot}${message.document?.url}`);
  expect(await file.text()).toBe(body);
  expect(message.buttons.flat().map((button) => button.text)).toEqual([
    'Approve',
    'Edit',
    'Reject',
    'Snooze',
    'Revise',
  ]);
  expect(message.text).toContain('The whole text is in the file.');
  expect(message.text).toContain('start long');
});

test('a caption without room for the context still says to whom the draft goes', async () => {
  const row = draft({
    body: '🙂'.repeat(3_000),
    context: 'c'.repeat(2_000),
    recipient: 'r'.repeat(1_000),
    url: `https://a.example/${'u'.repeat(500)}`,
    kind: 'k'.repeat(100),
  });

  const message = await show(renderDraftCard({ ...row, state: 'rejected', reason: 'q'.repeat(300) }, setting));

  expect(message.text.length).toBeLessThanOrEqual(1024);
  expect(message.text).toContain('To rrr');
});

test.each([
  ['right-to-left', 'مرحبا بالعالم (שלום) 123'],
  ['HTML', '<b>&amp; <script>alert("x")</script> &lt;'],
  ['Markdown', '*not bold* _nor italic_ [nor](link) `nor code` \\'],
  ['emoji of several parts', '👩‍👩‍👧‍👦🏳️‍🌈🇩🇪'],
  ['lines and blanks', '  first\n\n\tsecond  \n   '],
])('a text with %s passes untouched', async (_title, body) => {
  const message = await show(renderDraftCard(draft({ body }), setting));

  expect(message.text).toContain(body);
});

test('half a surrogate pair, which Telegram refuses, does not keep the card back', async () => {
  const message = await show(
    renderDraftCard(draft({ body: 'a\ud83db', context: '\udc00', recipient: 'x\ud83d' }), setting),
  );

  expect(message.text).toContain('a\ufffdb');
});

test('only a pending draft has buttons', () => {
  const offered = STATES.map((state) => {
    const content = renderDraftCard(draft({ state }), setting);
    return content.kind === 'text' ? content.buttons?.flat().length : undefined;
  });

  expect(offered).toEqual([5, 0, 0, 0, 0, 0, 0]);
});

test('a card names what is to be decided in its first lines', async () => {
  const { text } = await show(renderDraftCard(draft({ priority: 1, revision: 2 }), setting));

  expect(text.split('\n')).toEqual([
    '✍️ Draft #17 · reply by scout · revision 2',
    'To @ada · ‼️ most urgent',
    '🔗 social.example/post/1',
    'What do you think?',
    '',
    'I think so too.',
    '',
    '⏳ Decide by 17:00 · over 3 h left',
  ]);
});

test.each([
  [
    'ready',
    { kind: 'ready' },
    [
      ['Approve', 'Edit', 'Reject'],
      ['Snooze', 'Revise'],
    ],
    undefined,
  ],
  [
    'dead',
    { kind: 'dead', credential: 'murmur' },
    [
      ['Re-auth', 'Edit', 'Reject'],
      ['Snooze', 'Revise'],
    ],
    '⚠️ murmur is dead: it cannot go out now',
  ],
  [
    'being checked',
    { kind: 'checking', credential: 'murmur' },
    [
      ['Edit', 'Reject'],
      ['Snooze', 'Revise'],
    ],
    '🔎 checking murmur…',
  ],
] as const)(
  'Approve is offered only where it could go out: the credential is %s',
  async (_title, preflight, buttons, words) => {
    const message = await show(renderDraftCard(draft(), setting, { preflight }));

    expect(message.buttons.map((row) => row.map(({ text }) => text))).toEqual(buttons);
    expect(message.text.split('\n').at(-1)).toBe(words ?? '⏳ Decide by 17:00 · over 3 h left');
  },
);

test('a dead credential that cannot be logged in to from the phone has no Re-auth', async () => {
  const view = { preflight: { kind: 'dead', credential: 'murmur' } } as const;

  const message = await show(renderDraftCard(draft(), { ...setting, canLogIn: () => false }, view));

  expect(message.buttons[0]?.map(({ text }) => text)).toEqual(['Edit', 'Reject']);
});

test('a card says all that is known of a draft, and its text stays as it is', async () => {
  const row = draft({
    revision: 2,
    body: '  Sorry *Ada* \n',
    priority: 2,
    reason: 'the thread was locked (exit 1)',
    snoozedUntil: NOW + 3_600_000,
    reviseInstruction: 'shorter',
  });

  const { text } = await show(
    renderDraftCard(row, setting, {
      before: '  We are sorry *Ada* \n',
      autoApproveAt: NOW + 7_200_000,
      record: '3 as is · 1 rejected',
    }),
  );

  expect(text).toContain('To @ada · ❗ urgent');
  expect(text).toContain('\n  Sorry *Ada* \n');
  expect(text.slice(text.indexOf('✏️'))).toBe(
    [
      '✏️ What changed:',
      '  We are sorry Sorry *Ada* ',
      '',
      '',
      '⚠️ Not published: the thread was locked (exit 1)',
      '⏳ Decide by 17:00 · over 3 h left',
      '💤 Snoozed until 14:00',
      '🔁 Asked scout for another version: shorter',
      '🤖 Goes out by itself at 15:00 unless you object',
      'Your decisions on scout: 3 as is · 1 rejected',
    ].join('\n'),
  );
});

test('a long card keeps its whole text, and says how much changed where a diff has no room', async () => {
  const body = `${'words '.repeat(530)}new end`;

  const { text } = await show(
    renderDraftCard(draft({ revision: 2, body }), setting, { before: body.replace('new', 'old') }),
  );

  expect(text).toContain(body);
  expect(text).toContain('✏️ 1 word changed');
});

test('a file of another version says how much changed, beside the first words', async () => {
  const body = `${'words '.repeat(900)}new end`;

  const { text } = await show(
    renderDraftCard(draft({ revision: 2, body }), setting, { before: body.replace('new', 'old') }),
  );

  expect(text).toContain('✏️ 1 word changed');
});

test('a card with everything that can stand on it at its longest is still a message that Telegram takes', async () => {
  const long = 'w'.repeat(500);
  const row = draft({
    agent: 'a'.repeat(60),
    reason: long,
    reviseInstruction: long,
    snoozedUntil: NOW + 3_600_000_000,
    windowEndsAt: NOW + 7_200_000_000,
  });
  const view = {
    preflight: { kind: 'dead', credential: 'c'.repeat(100) },
    autoApproveAt: NOW + 3_600_000_000,
    record: '50 as is · 50 edited · 50 rejected · 50 expired (last 50)',
    before: 'x',
  } as const;

  for (const length of [10, 2_500, 3_000, 3_100, 5_000]) {
    const content = renderDraftCard({ ...row, body: 'b'.repeat(length) }, setting, view);
    const { text } = await show(content);
    expect(contains(content, 'b'.repeat(length))).toBe(true);
    expect(text).toContain('is dead');
  }
});
