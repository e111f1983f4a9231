import { createServer, type Server } from 'node:http';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReplacement } from '../../src/operator/replacement.ts';
import { acquireLock } from '../../storage/lock.ts';

const OURS = '123456:TEST-ours';

let folder = '';
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdesk-replacement-'));
});

afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A Bot API server that knows one token. */
async function openApi(known: string): Promise<string> {
  server = createServer((request, response) => {
    const isKnown = request.url?.startsWith(`/bot${known}/`) === true;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    const refusal = { ok: false, error_code: 401, description: 'Unauthorized' };
    response.end(JSON.stringify(isKnown ? { ok: true, result: { id: 1, username: 'desk_bot' } } : refusal));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(next: {
  readonly home?: string;
  readonly token?: string;
  readonly apiRoot: string;
  readonly before?: string;
}) {
  const file = join(folder, 'fleet.yaml');
  writeFileSync(file, `home: ${next.home ?? './state'}\ntelegram: { owners: [1] }\nagents: {}\n`);
  const env = { ...process.env, TELEGRAM_BOT_TOKEN: next.token ?? OURS, TELEGRAM_API_ROOT: next.apiRoot };
  const running = { home: join(folder, 'state'), token: OURS, apiRoot: next.before ?? next.apiRoot };
  return await createReplacement(file, env, running).check(new AbortController().signal);
}

describe('the trial of a new start', () => {
  it('finds a token that Telegram does not know, and passes one that it knows', async () => {
    const apiRoot = await openApi('999999:TEST-theirs');

    expect(await check({ token: '999999:TEST-wrong', apiRoot })).toContain('does not know the bot token');
    expect(await check({ token: '999999:TEST-theirs', apiRoot })).toBeUndefined();
    expect(await check({ apiRoot })).toBeUndefined();
  });

  it('leaves a Telegram that is away to the start, but not another server that nobody reaches', async () => {
    const nobody = 'http://127.0.0.1:9';
    expect(await check({ token: '999999:TEST-theirs', apiRoot: nobody })).toBeUndefined();
    expect(await check({ apiRoot: nobody, before: 'http://127.0.0.1:10' })).toContain('cannot be reached');
  });

  it('finds another state folder that cannot be used: a file, one in use, one with a foreign database', async () => {
    const apiRoot = await openApi(OURS);
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'foreign'));
    writeFileSync(join(folder, 'foreign', 'nightdesk.db'), 'no database '.repeat(100));
    const held = acquireLock(join(folder, 'used', 'nightdesk.lock'));

    expect(await check({ home: './file', apiRoot })).toContain('is a file');
    expect(await check({ home: './file/below', apiRoot })).toContain('is a file');
    expect(await check({ home: './foreign', apiRoot })).toContain('no SQLite database');
    expect(await check({ home: './used', apiRoot })).toContain('held by another process');
    if (held.kind === 'held') held.lock.release();
    expect(await check({ home: './used', apiRoot })).toBeUndefined();
  });
});
