import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCallbackKey, prepareHome } from '../../src/operator/home.ts';
import { loadEnvironment, loadToken } from '../../src/operator/token.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdesk-operator-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const TOKEN = '123456:TEST-token-of-the-operator';

describe('loadToken', () => {
  it('takes the variable before the file, without the blanks around it', () => {
    const file = join(folder, 'token');
    writeFileSync(file, '654321:TEST-from-the-file\n');

    expect(loadToken({ TELEGRAM_BOT_TOKEN: ` ${TOKEN}\n`, TELEGRAM_BOT_TOKEN_FILE: file })).toEqual({
      kind: 'token',
      token: TOKEN,
    });
    expect(loadToken({ TELEGRAM_BOT_TOKEN_FILE: file })).toEqual({ kind: 'token', token: '654321:TEST-from-the-file' });
  });

  it.each([
    [{}, 'TELEGRAM_BOT_TOKEN is not set'],
    [{ TELEGRAM_BOT_TOKEN: '  ' }, 'TELEGRAM_BOT_TOKEN is not set'],
    [{ TELEGRAM_BOT_TOKEN_FILE: '/nowhere/token' }, 'TELEGRAM_BOT_TOKEN_FILE cannot be read (ENOENT)'],
    [{ TELEGRAM_BOT_TOKEN: 'secret-but-wrong' }, 'does not look like a bot token'],
  ])('says what is wrong without repeating it: %j', (env, reason) => {
    const result = loadToken(env);

    expect(result).toEqual({ kind: 'problem', reason: expect.stringContaining(reason) as string });
    expect(JSON.stringify(result)).not.toContain('secret-but-wrong');
  });
});

describe('loadEnvironment', () => {
  it('adds .env beside fleet.yaml to what is set, which wins', () => {
    writeFileSync(join(folder, '.env'), 'A=file\nB="of file"\n# comment\n');

    expect(loadEnvironment(folder, { A: 'set' })).toEqual({ A: 'set', B: 'of file' });
    expect(loadEnvironment(join(folder, 'nowhere'), { A: 'set' })).toEqual({ A: 'set' });
  });
});

describe('the state folder', () => {
  it('is for its owner only, and its key of buttons stays the same over restarts', () => {
    const home = prepareHome(join(folder, 'state'), { nodePath: '/bin/node', binPath: '/x/bin.js' });
    const random = { fraction: () => 0, token: (bytes: number) => 'k'.repeat(bytes * 2) };

    const key = loadCallbackKey(home, random);
    const again = loadCallbackKey(home, { ...random, token: () => 'another' });

    expect(again).toBe(key);
    expect(statSync(home.secrets).mode & 0o777).toBe(0o700);
    expect(statSync(join(home.secrets, 'callback.key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(home.bin, 'nightdesk')).mode & 0o100).toBe(0o100);
  });
});
