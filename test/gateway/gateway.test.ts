import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { GatewayRooms } from '../../src/gateway/contract.ts';
import type { GatewayRequest } from '../../src/gateway/gateway.ts';
import {
  MAX_CONTEXT_CHARS,
  MAX_DECISIONS,
  MAX_DECISIONS_BYTES,
  MAX_DRAFT_BYTES,
  MAX_NOTE_CHARS,
} from '../../src/gateway/limits.ts';
import { createFakeLog, createFakeRooms, decision, ENDED_TOKEN, RUN, TOKEN } from './fake-rooms.ts';

// Processes, sockets and megabytes on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

function setUp(overrides: Partial<GatewayRooms> = {}) {
  const { rooms, acts, settle, waiting } = createFakeRooms(overrides);
  const { log, lines } = createFakeLog();
  const gateway = createGateway(rooms, log);
  function call(changes: Partial<GatewayRequest> & { json?: unknown }) {
    const { json, ...rest } = changes;
    const body = json === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(json));
    const response = gateway.handle({
      method: 'POST',
      target: '/v1/beat',
      authorization: `Bearer ${TOKEN}`,
      body,
      ...rest,
    });
    return {
      status: response.status,
      headers: response.headers ?? {},
      answer: JSON.parse(response.body) as Record<string, unknown>,
    };
  }
  return { call, acts, lines, gateway, settle, waiting };
}

const DRAFT = { kind: 'reply', to: '@ada', body: 'Hello.' };

describe('routes', () => {
  test('hands a whole draft to the desk and answers its id', () => {
    const { call, acts } = setUp();
    const json = {
      ...DRAFT,
      url: 'https://example.com/1',
      context: 'a\nb',
      windowMs: 14_400_000,
      priority: 1,
      key: 'k1',
    };

    const { status, answer } = call({ target: '/v1/draft', json });

    expect([status, answer]).toEqual([201, { id: 12, existing: false }]);
    expect(acts).toEqual([{ act: 'draft', run: RUN, draft: json }]);
  });

  test('gives a draft priority 3 when the agent names none', () => {
    const { call, acts } = setUp();

    call({ target: '/v1/draft', json: DRAFT });

    expect(acts).toEqual([{ act: 'draft', run: RUN, draft: { ...DRAFT, priority: 3 } }]);
  });

  test('answers 200 with the same id when the key is known', () => {
    const { call } = setUp();
    call({ target: '/v1/draft', json: { ...DRAFT, key: 'k1' } });

    const { status, answer } = call({ target: '/v1/draft', json: { ...DRAFT, key: 'k1' } });

    expect([status, answer]).toEqual([200, { id: 12, existing: true }]);
  });

  test.each(['  two spaces \n\n', '\uFEFFmark\r\n', '"quoted" \\ \u0001 \u{1F600}\n'])(
    'hands on the body %j without any change',
    (body) => {
      const { call, acts } = setUp();

      call({ target: '/v1/draft', json: { ...DRAFT, body } });

      expect(acts).toMatchObject([{ draft: { body } }]);
    },
  );

  test.each([
    [{}, undefined],
    [{ note: '' }, undefined],
    [{ note: 'reading' }, 'reading'],
  ])('takes the beat %j', (json, note) => {
    const { call, acts } = setUp();

    const { status } = call({ target: '/v1/beat', json });

    expect(status).toBe(200);
    expect(acts).toEqual([{ act: 'beat', run: RUN, note }]);
  });

  test('hands on progress', () => {
    const { call, acts } = setUp();

    expect(call({ target: '/v1/progress', json: { text: 'three replies' } }).status).toBe(200);
    expect(acts).toEqual([{ act: 'progress', run: RUN, text: 'three replies' }]);
  });

  test('answers a reported failure with what the failure mode bids', () => {
    const { call, acts } = setUp();
    const json = { tool: 'search', kind: 'rate-limit', credential: 'google', text: '429' };

    const { status, answer } = call({ target: '/v1/fail', json });

    expect([status, answer]).toEqual([200, { answer: 'wait 60' }]);
    expect(acts).toEqual([{ act: 'fail', run: RUN, failure: json }]);
  });

  test.each([
    ['', undefined],
    ['?since=2026-07-01T08:00:00Z', Date.UTC(2026, 6, 1, 8)],
    ['?since=2026-07-01T10:00:00%2B02:00', Date.UTC(2026, 6, 1, 8)],
  ])('asks for decisions%s of its own agent only', (query, since) => {
    const { call, acts } = setUp();

    const { status, answer } = call({ method: 'GET', target: `/v1/decisions${query}` });

    expect([status, answer]).toEqual([200, { decisions: [], more: false }]);
    expect(acts).toEqual([{ act: 'decisions', agent: 'scout', since }]);
  });

  test('answers 404 with the list of routes when the route is unknown', () => {
    const { call, acts } = setUp();

    const { status, answer } = call({ target: '/v1/drafts', json: DRAFT });

    expect(status).toBe(404);
    expect(answer['error']).toContain(
      'POST /v1/draft, POST /v1/version, POST /v1/beat, POST /v1/progress, POST /v1/fail, GET /v1/decisions',
    );
    expect(acts).toEqual([]);
  });

  test.each([
    ['GET', '/v1/draft', 'POST'],
    ['POST', '/v1/decisions', 'GET'],
    ['HEAD', '/v1/decisions', 'GET'],
    ['OPTIONS', '/v1/beat', 'POST'],
  ])('answers 405 to %s %s and names %s', (method, target, allow) => {
    const { call } = setUp();

    const { status, headers } = call({ method, target, json: {} });

    expect([status, headers['allow']]).toEqual([405, allow]);
  });
});

describe('tokens', () => {
  test.each([
    [undefined, 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing'],
    ['', 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing'],
    [TOKEN, 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing'],
    [`Basic ${TOKEN}`, 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing'],
    [`Bearer ${'x'.repeat(513)}`, 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing'],
    ['Bearer somebody-else', 'this token belongs to no run'],
    [`Bearer ${ENDED_TOKEN}`, 'this run has ended'],
  ])('answers 401 to the authorization %s', (authorization, error) => {
    const { call, acts } = setUp();

    const { status, answer } = call({ target: '/v1/draft', authorization, json: DRAFT });

    expect([status, answer]).toEqual([401, { error }]);
    expect(acts).toEqual([]);
  });

  test('logs an unknown token without naming it', () => {
    const { call, lines } = setUp();

    call({ authorization: 'Bearer somebody-else', json: {} });

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('somebody-else');
  });

  test('never parses the body of a stranger', () => {
    const { call } = setUp();

    expect(call({ authorization: 'Bearer somebody-else', body: Buffer.from('{') }).status).toBe(401);
  });
});

describe('requests that are wrong', () => {
  test.each<[string, unknown, string]>([
    ['/v1/draft', { to: '@ada', body: 'x' }, 'kind is missing'],
    ['/v1/draft', { kind: 'reply', body: 'x' }, 'to is missing'],
    ['/v1/draft', { kind: 'reply', to: '@ada' }, 'body is missing'],
    ['/v1/draft', {}, 'kind is missing; to is missing; body is missing'],
    ['/v1/draft', { ...DRAFT, body: ' \n' }, 'body must not be empty'],
    ['/v1/draft', { ...DRAFT, body: 7 }, 'body must be text'],
    ['/v1/draft', { ...DRAFT, body: 'a\0b' }, 'body must be well-formed Unicode without NUL characters'],
    ['/v1/draft', { ...DRAFT, kind: '' }, 'kind must not be empty'],
    ['/v1/draft', { ...DRAFT, kind: 'k'.repeat(101) }, 'kind must have at most 100 characters'],
    ['/v1/draft', { ...DRAFT, to: 'a\nb' }, 'to must be one line without control characters'],
    ['/v1/draft', { ...DRAFT, url: null }, 'url must be text'],
    ['/v1/draft', { ...DRAFT, url: 'example.com' }, 'url must be a whole URL, as in https://example.com/thread/1'],
    [
      '/v1/draft',
      { ...DRAFT, context: 'c'.repeat(MAX_CONTEXT_CHARS + 1) },
      'context must have at most 65536 characters',
    ],
    [
      '/v1/draft',
      { ...DRAFT, windowMs: '4h' },
      'windowMs must be a whole number of milliseconds from 1000 (a second) to 31622400000 (366 days)',
    ],
    [
      '/v1/draft',
      { ...DRAFT, windowMs: 999 },
      'windowMs must be a whole number of milliseconds from 1000 (a second) to 31622400000 (366 days)',
    ],
    ['/v1/draft', { ...DRAFT, priority: 0 }, 'priority must be a whole number from 1 (the most urgent) to 5'],
    ['/v1/draft', { ...DRAFT, priority: 2.5 }, 'priority must be a whole number from 1 (the most urgent) to 5'],
    ['/v1/draft', { ...DRAFT, key: '' }, 'key must not be empty'],
    [
      '/v1/draft',
      { ...DRAFT, run: 9 },
      '"run" is not known here (known: kind, to, url, context, body, windowMs, priority, key, media)',
    ],
    [
      '/v1/draft',
      [DRAFT],
      'the request must be a JSON object with kind, to, url, context, body, windowMs, priority, key, media',
    ],
    [
      '/v1/draft',
      null,
      'the request must be a JSON object with kind, to, url, context, body, windowMs, priority, key, media',
    ],
    ['/v1/beat', { note: 5 }, 'note must be text'],
    ['/v1/beat', { text: 'x' }, '"text" is not known here (known: note, forMs)'],
    [
      '/v1/beat',
      { forMs: 86_400_001 },
      'forMs must be a whole number of milliseconds from 1000 (a second) to 86400000 (24 hours)',
    ],
    ['/v1/progress', {}, 'text is missing'],
    ['/v1/progress', { text: ' ' }, 'text must not be empty'],
    ['/v1/fail', { kind: 'auth', text: 'x' }, 'tool is missing'],
    ['/v1/fail', { tool: 't', kind: 'odd', text: 'x' }, 'kind must be one of auth, rate-limit, not-found, other'],
    ['/v1/fail', { tool: 't', kind: 'auth' }, 'text is missing'],
  ])('answers 400 to %s %j, naming the field', (target, json, error) => {
    const { call, acts } = setUp();

    const { status, answer } = call({ target, json });

    expect([status, answer]).toEqual([400, { error }]);
    expect(acts).toEqual([]);
  });

  test.each([
    ['', 'the request is not JSON'],
    ['{"note":', 'the request is not JSON'],
    ['\xff', 'the request is not UTF-8'],
  ])('answers 400 to the bytes %j', (bytes, error) => {
    const { call } = setUp();

    const { status, answer } = call({ body: Buffer.from(bytes, 'latin1') });

    expect([status, answer]).toEqual([400, { error }]);
  });

  test('answers 400 when a text holds half a surrogate pair', () => {
    const { call, acts } = setUp();

    const { status } = call({ target: '/v1/draft', body: Buffer.from('{"kind":"reply","to":"a","body":"x\\ud800"}') });

    expect(status).toBe(400);
    expect(acts).toEqual([]);
  });

  test.each([
    ['?since=yesterday', 'since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z'],
    ['?since=', 'since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z'],
    ['?since=2026-07-01&since=2026-07-02', 'the query parameter since is given more than once'],
    ['?agent=writer', 'the query parameter "agent" is not known here'],
  ])('answers 400 to /v1/decisions%s', (query, error) => {
    const { call, acts } = setUp();

    const { status, answer } = call({ method: 'GET', target: `/v1/decisions${query}` });

    expect([status, answer]).toEqual([400, { error }]);
    expect(acts).toEqual([]);
  });

  test('never reaches a room nor fails with 5xx, whatever the bytes of a body', () => {
    const { call, acts } = setUp();
    const target = fc.constantFrom('/v1/draft', '/v1/progress', '/v1/fail');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(JSON.stringify({ kind: text, [text]: text }))),
    );

    fc.assert(
      fc.property(target, bytes, (route, body) => {
        expect(call({ target: route, body }).status).toBe(400);
      }),
      { numRuns: 500 },
    );
    expect(acts).toEqual([]);
  });

  test('answers every target and authorization below 500 with an error sentence', () => {
    const { call } = setUp();

    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.option(fc.string(), { nil: undefined }),
        (method, target, authorization) => {
          const { status, answer } = call({ method, target, authorization });
          expect(status).toBe(404);
          expect(typeof answer['error']).toBe('string');
        },
      ),
    );
  });
});

describe('limits', () => {
  test('takes a body of exactly 1 MiB of UTF-8', () => {
    const { call } = setUp();
    const body = 'ä'.repeat(MAX_DRAFT_BYTES / 2);

    expect(call({ target: '/v1/draft', json: { ...DRAFT, body } }).status).toBe(201);
  });

  test('answers 413 with the reason when a body has a byte more', () => {
    const { call, acts } = setUp();
    const body = `${'ä'.repeat(MAX_DRAFT_BYTES / 2)}x`;

    const { status, answer } = call({ target: '/v1/draft', json: { ...DRAFT, body } });

    expect(status).toBe(413);
    expect(answer['error']).toBe(
      'the body has 1048577 bytes, and a draft at most 1048576: a person has to read all of it',
    );
    expect(acts).toEqual([]);
  });

  test('cuts a long note between characters instead of losing the beat', () => {
    const { call, acts } = setUp();

    call({ json: { note: '\u{1F600}'.repeat(MAX_NOTE_CHARS) } });

    expect(acts).toEqual([{ act: 'beat', run: RUN, note: `${'\u{1F600}'.repeat(MAX_NOTE_CHARS / 2 - 1)}…` }]);
  });

  test('says that there may be more when the room gave as many decisions as it may', () => {
    const all = Array.from({ length: MAX_DECISIONS }, (_, index) => decision({ draft: index + 1 }));
    const { call } = setUp({ decisions: () => all });

    const { answer } = call({ method: 'GET', target: '/v1/decisions' });

    expect(answer).toEqual({ decisions: all, more: true });
  });

  test.each([
    ['/v1/decisions', 99, 'newest'],
    ['/v1/decisions?since=2026-07-01', 0, 'oldest'],
  ])('answers %s within its bytes, keeping the %i of the %s', (target, kept) => {
    const body_before = 'x'.repeat(MAX_DRAFT_BYTES);
    const all = Array.from({ length: 100 }, (_, index) => decision({ draft: index, body_before, body_after: '' }));
    const { call } = setUp({ decisions: () => all });

    const { answer } = call({ method: 'GET', target });

    const decisions = answer['decisions'] as { draft: number }[];
    expect(answer['more']).toBe(true);
    expect(decisions.map(({ draft }) => draft)).toContain(kept);
    expect(decisions.map(({ draft }) => draft)).toEqual(decisions.map(({ draft }) => draft).toSorted((a, b) => a - b));
    expect(JSON.stringify(decisions).length).toBeLessThanOrEqual(MAX_DECISIONS_BYTES + 1024);
    expect(decisions.length).toBeGreaterThanOrEqual(2);
  });
});

describe('rooms that say no', () => {
  test.each<[string, object, Partial<GatewayRooms>]>([
    ['/v1/draft', DRAFT, { submitDraft: () => ({ kind: 'refused', reason: 'no publisher publishes reply' }) }],
    [
      '/v1/fail',
      { tool: 't', kind: 'auth', text: 'x' },
      { reportFailure: () => ({ kind: 'refused', reason: 'no publisher publishes reply' }) },
    ],
  ])('answers 422 with the reason when %s is refused', (target, json, overrides) => {
    const { call, lines } = setUp(overrides);

    const { status, answer } = call({ target, json });

    expect([status, answer]).toEqual([422, { error: 'no publisher publishes reply' }]);
    expect(lines).toHaveLength(1);
  });

  test('answers nothing when a room throws', () => {
    const { call } = setUp({
      submitDraft: () => {
        throw new Error('disk full');
      },
    });

    expect(() => call({ target: '/v1/draft', json: DRAFT })).toThrow('disk full');
  });
});

describe('questions', () => {
  const GET = { method: 'GET', body: new Uint8Array(), authorization: `Bearer ${TOKEN}` };

  test('are handed on with their options and thirty minutes, and answer how they stand', () => {
    const { call, acts } = setUp();

    const { status, answer } = call({ target: '/v1/ask', json: { text: 'Go?' } });

    expect([status, answer]).toEqual([200, { id: 1, key: 'ask-1', state: 'open' }]);
    expect(acts).toEqual([{ act: 'ask', run: RUN, ask: { text: 'Go?', options: [], withinMs: 1_800_000 } }]);
  });

  test.each<[string, object, string]>([
    ['without words', { text: ' ' }, 'text must not be empty'],
    ['of a book', { text: 'x'.repeat(2001) }, 'text must have at most 2000 characters: it is read on a phone'],
    ['with nine answers', { text: 'Go?', options: Array.from('123456789') }, 'options must be at most 8 answers'],
    ['with an answer that is no text', { text: 'Go?', options: [7] }, 'options must be text'],
    ['with a text for its answers', { text: 'Go?', options: 'yes' }, 'options must be a list of texts'],
    ['with a key of two lines', { text: 'Go?', key: 'a\nb' }, 'key must be one line without control characters'],
  ])('%s are refused', (_what, json, error) => {
    const { call, acts } = setUp();

    expect(call({ target: '/v1/ask', json })).toMatchObject({ status: 400, answer: { error } });
    expect(acts).toEqual([]);
  });

  test('are answered at once by handle, whatever it is asked to wait', () => {
    const { call } = setUp();

    const { status, answer } = call({ method: 'GET', target: '/v1/answer?id=1&wait=200' });

    expect([status, answer]).toEqual([200, { id: 1, state: 'open' }]);
  });

  test('are waited for by serve until they are answered', async () => {
    const { gateway, settle, waiting } = setUp();

    const served = gateway.serve({ ...GET, target: '/v1/answer?id=1&wait=200' }, new AbortController().signal);
    expect(waiting()).toBe(1);
    settle({ kind: 'answered', answer: 'Yes' });

    expect(await served).toEqual({ status: 200, body: '{"id":1,"state":"answered","answer":"Yes"}' });
  });

  test('that are answered already are not waited for', () => {
    const { gateway, settle, waiting } = setUp();
    settle({ kind: 'answered', answer: 'Yes' });

    void gateway.serve({ ...GET, target: '/v1/answer?id=1&wait=200' }, new AbortController().signal);

    expect(waiting()).toBe(0);
  });

  test.each([
    ['/v1/answer?id=2', 404, 'this run has asked no such question'],
    ['/v1/answer', 400, 'id must be the number of a question'],
    ['/v1/answer?id=-1', 400, 'id must be the number of a question'],
    ['/v1/answer?id=1&wait=241', 400, 'wait must be a whole number of seconds, at most 240'],
    ['/v1/answer?id=1&wait=1e2', 400, 'wait must be a whole number of seconds, at most 240'],
    ['/v1/answer?id=1&until=1', 400, 'the query parameter "until" is not known here'],
  ])('asked for as %s give %d', (target, status, error) => {
    const { call } = setUp();

    expect(call({ method: 'GET', target })).toMatchObject({ status, answer: { error } });
  });
});
