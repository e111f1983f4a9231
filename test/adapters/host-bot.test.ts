import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { driftOf, probeBot } from '../../src/adapters/host-bot.ts';

const TOKEN = '123456:TEST-host-bot';
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A Bot API that answers each method with this, and knows what it was asked. */
async function serve(answers: Readonly<Record<string, { readonly status: number; readonly body: unknown }>>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const method = request.url?.split('/').at(-1) ?? '';
    asked.push(method);
    const { status, body } = answers[method] ?? { status: 404, body: { ok: false } };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { asked, apiRoot: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const ME = { status: 200, body: { ok: true, result: { id: 1, username: 'nightdesk_bot' } } };

describe('the Bot API, asked', () => {
  it('tells who we are and whose webhook is set, and is never asked for updates', async () => {
    const { apiRoot, asked } = await serve({
      getMe: ME,
      getWebhookInfo: { status: 200, body: { ok: true, result: { url: 'https://other.example/secret-path' } } },
    });

    const found = await probeBot({ kind: 'access', token: TOKEN, apiRoot }, () => 5);

    expect(found).toEqual({
      kind: 'known',
      at: 5,
      value: { kind: 'answered', name: 'nightdesk_bot', tookMs: 0, driftMs: null, webhook: 'other.example' },
    });
    expect(asked.toSorted()).toEqual(['getMe', 'getWebhookInfo']);
  });

  it('says that the token was refused when it is', async () => {
    const { apiRoot } = await serve({ getMe: { status: 401, body: { ok: false, description: 'Unauthorized' } } });

    const found = await probeBot({ kind: 'access', token: TOKEN, apiRoot }, () => 5);

    expect(found).toMatchObject({ kind: 'known', value: { kind: 'failed', reason: 'Telegram refused the token' } });
  });

  it('leaves open what getWebhookInfo does not answer', async () => {
    const { apiRoot } = await serve({ getMe: ME, getWebhookInfo: { status: 500, body: { ok: false } } });

    const found = await probeBot({ kind: 'access', token: TOKEN, apiRoot }, () => 5);

    expect(found).toMatchObject({ kind: 'unknown', reason: 'getWebhookInfo gave no answer: status 500' });
  });
});

it.each([
  [10_000, 10_200, 10_400, 0],
  [10_000, 10_900, 11_500, 0],
  [10_000, 9_500, 10_100, 0],
  [10_000, 71_000, 71_200, 60_000],
  [70_000, 9_800, 10_000, -60_000],
])(
  'a server that says %i when it was asked at %i and heard at %i makes our clock wrong by %i',
  (date, asked, heard, drift) => {
    expect(driftOf(date, asked, heard)).toBe(drift);
  },
);
