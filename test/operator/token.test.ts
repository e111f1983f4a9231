import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfiguration } from '../../src/operator/configuration.ts';
import { readFleetFile } from '../../src/operator/fleet-file.ts';
import { loadCallbackKey, prepareHome } from '../../src/operator/home.ts';
import { loadApiRoot, loadEnvironment, loadToken } from '../../src/operator/token.ts';

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

  it('says in a sentence that .env cannot be read, and nobody who reads fleet.yaml falls over it', () => {
    const file = join(folder, 'fleet.yaml');
    writeFileSync(file, 'telegram: { owners: [1] }\nagents: {}\n');
    symlinkSync('.env', join(folder, '.env')); // Root may read all but that.
    const complain = vi.fn<(line: string) => void>();
    const terminal = { env: {}, print: () => {}, complain, interrupted: new Promise<string>(() => {}) };

    expect(loadConfiguration(file, terminal)).toBeUndefined();
    expect(complain.mock.calls).toEqual([[expect.stringContaining('.env cannot be read (ELOOP)')]]);
    expect(readFleetFile(file, {}, { token: TOKEN, apiRoot: undefined })).toMatchObject({
      kind: 'bad',
      problems: [expect.stringContaining('.env cannot be read (ELOOP)')],
    });
    expect(loadEnvironment(file, { A: 'set' })).toEqual({ A: 'set' });
  });

  it('reads .env that begins with a byte-order mark', () => {
    writeFileSync(join(folder, '.env'), `\uFEFFTELEGRAM_BOT_TOKEN=${TOKEN}\r\n`);

    expect(loadToken(loadEnvironment(folder, {}))).toEqual({ kind: 'token', token: TOKEN });
  });

  it('takes a line of .env when the variable is set to nothing', () => {
    writeFileSync(join(folder, '.env'), `TELEGRAM_BOT_TOKEN=${TOKEN}\n`);

    expect(loadToken(loadEnvironment(folder, { TELEGRAM_BOT_TOKEN: '' }))).toEqual({ kind: 'token', token: TOKEN });
  });

  it("takes a relative TELEGRAM_BOT_TOKEN_FILE of .env from .env's own folder", () => {
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets/token'), `${TOKEN}\n`);
    writeFileSync(join(folder, '.env'), 'TELEGRAM_BOT_TOKEN_FILE=./secrets/token\n');

    const env = loadEnvironment(folder, { TELEGRAM_BOT_TOKEN: '', TELEGRAM_BOT_TOKEN_FILE: '' });

    expect(loadToken(env)).toEqual({ kind: 'token', token: TOKEN });
  });

  it('keeps a variable that is set to nothing, so that fleet.yaml may name it', () => {
    writeFileSync(join(folder, '.env'), 'A=file\n');

    expect(loadEnvironment(folder, { EMPTY: '' })).toEqual({ A: 'file', EMPTY: '' });
  });

  it('takes .env for absent when it is a folder', () => {
    mkdirSync(join(folder, '.env'));

    expect(loadEnvironment(folder, { A: 'set' })).toEqual({ A: 'set' });
  });
});

describe('loadApiRoot', () => {
  it.each([undefined, '', '  '])("is Telegram's own server when TELEGRAM_API_ROOT is %j", (value) => {
    expect(loadApiRoot({ TELEGRAM_API_ROOT: value })).toEqual({ kind: 'root', root: undefined });
  });

  it('takes an address, without the blanks around it', () => {
    expect(loadApiRoot({ TELEGRAM_API_ROOT: ' http://127.0.0.1:8081\n' })).toEqual({
      kind: 'root',
      root: 'http://127.0.0.1:8081',
    });
  });

  it.each(['127.0.0.1:8081', 'localhost:8081', 'ftp://127.0.0.1', 'http://', 'http://x y'])(
    'says what is wrong with the address %s',
    (value) => {
      expect(loadApiRoot({ TELEGRAM_API_ROOT: value })).toEqual({
        kind: 'problem',
        reason: expect.stringContaining('TELEGRAM_API_ROOT is no address') as string,
      });
    },
  );
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
