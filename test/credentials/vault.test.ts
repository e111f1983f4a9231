import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createVault } from '../../src/credentials/vault.ts';
import { locateHome, prepareHome, tightenSecrets } from '../../src/operator/home.ts';
import type { Disk, SecretSource } from '../../src/ports.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const OLD = 'sk-ant-oat01-TEST-the-old-one';
const NEW = 'sk-ant-oat01-TEST-the-new-one';

const FLEET = `
telegram: { owners: [1] }
credentials:
  claude: { env: CLAUDE_CODE_OAUTH_TOKEN }
  mail: { env: MAIL_PASSWORD }
  bare: { check: ["true"] }
  box: { env: BOX_TOKEN, source: systemd }
`;

/** A vault over real files, and what it tells and learns. */
function open(
  options: {
    readonly folder?: string;
    readonly disk?: Partial<Disk>;
    readonly sources?: Record<string, SecretSource>;
  } = {},
) {
  using fleetFolder = createFleetFolder();
  const { fleet } = fleetFolder.loaded(FLEET);
  const folder = options.folder ?? join(temporaryFolder(), 'secrets');
  const learned = new Set<string>();
  const news: (readonly [string, string | undefined])[] = [];
  const vault = createVault({
    fleet,
    disk: { ...createFileDisk(), ...options.disk },
    folder,
    sourceOf: ({ name }) => options.sources?.[name],
    learn: (secret) => void learned.add(secret),
    onNews: (name, reason) => void news.push([name, reason]),
  });
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  return { vault, folder, learned, news, write, env: () => vault.environmentFor(['claude']) };
}

/** A source whose answer the test changes. */
function changeable(first: Awaited<ReturnType<SecretSource['read']>>) {
  const source = { answer: first, asked: 0, read: () => ((source.asked += 1), Promise.resolve(source.answer)) };
  return source;
}

describe('the vault', () => {
  it('gives a credential nothing before it has a secret', () => {
    const { vault, env } = open();

    expect(env()).toEqual({});
    expect(vault.has('claude')).toBe(false);
  });

  it('gives the stored secret in the variable that fleet.yaml names, and only to who names the credential', () => {
    const { vault, write } = open();
    write('claude', `${OLD}\n`);
    write('mail', 'hunter2-hunter2');

    expect(vault.environmentFor(['claude', 'bare', '~scout', 'unknown'])).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
    expect(vault.environmentFor([])).toEqual({});
    expect(vault.has('claude')).toBe(true);
  });

  it('gives a staged secret only to who tries it, until it is committed', () => {
    const { vault, write, env, folder } = open();
    write('claude', OLD);

    vault.stage('claude', NEW);
    const tried = vault.environmentFor(['claude'], 'claude');
    const meanwhile = env();
    vault.commit('claude');

    expect(tried).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: NEW });
    expect(meanwhile).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
    expect(env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: NEW });
    expect(vault.hasStaged('claude')).toBe(false);
    expect(readdirSync(folder)).toEqual(['claude']);
  });

  it('keeps the stored secret when the staged one is discarded', () => {
    const { vault, write, env } = open();
    write('claude', OLD);
    vault.stage('claude', NEW);

    vault.discard('claude');
    vault.commit('claude');

    expect(env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
  });

  it('keeps the newer of two that are staged', () => {
    const { vault } = open();

    vault.stage('claude', OLD);
    vault.stage('claude', NEW);

    expect(vault.environmentFor(['claude'], 'claude')).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: NEW });
  });

  it('knows a staged secret again after a restart', () => {
    const first = open();
    first.vault.stage('claude', NEW);

    const second = open({ folder: first.folder });

    expect(second.vault.hasStaged('claude')).toBe(true);
    second.vault.commit('claude');
    expect(second.env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: NEW });
  });

  it('writes files that nobody else can read, in a folder that nobody else can enter', () => {
    const { vault, folder } = open();

    vault.stage('claude', NEW);
    const staged = statSync(join(folder, 'claude.next')).mode & 0o777;
    vault.commit('claude');

    expect(staged).toBe(0o600);
    expect(statSync(join(folder, 'claude')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('leaves the old secret whole when it dies before the commit, and the new one when it dies after it', () => {
    const dying = open({
      disk: {
        rename: () => {
          throw new Error('killed here');
        },
      },
    });
    dying.write('claude', OLD);
    dying.vault.stage('claude', NEW);

    expect(() => dying.vault.commit('claude')).toThrow('killed here');

    const next = open({ folder: dying.folder });
    expect(next.env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
    next.vault.commit('claude');
    expect(open({ folder: dying.folder }).env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: NEW });
  });

  it('throws what a full disk says, and keeps the stored secret', ({ skip }) => {
    const mounted = smallDisk();
    if (mounted === undefined) return skip('no file system can be mounted here');
    const { vault, write, env, folder } = open({ folder: join(mounted, 'secrets') });
    write('claude', OLD);
    try {
      writeFileSync(join(mounted, 'rest'), Buffer.alloc(2_000_000));
    } catch {
      // It is full now.
    }

    expect(() => vault.stage('claude', NEW.repeat(400))).toThrow(/ENOSPC/);

    expect(env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
    expect(vault.hasStaged('claude')).toBe(false);
    expect(readdirSync(folder)).toEqual(['claude']);
  });

  it.each([
    ['one final newline', `${OLD}\n`],
    ['a final CRLF', `${OLD}\r\n`],
    ['a byte-order mark', `\uFEFF${OLD}\n`],
  ])('takes %s for no part of a secret', (_, content) => {
    const { write, env } = open();

    write('claude', content);

    expect(env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OLD });
  });

  it('leaves all but the last newline to a secret of several lines', () => {
    const { vault, env } = open();

    vault.stage('claude', 'first line\nsecond line\n');
    vault.commit('claude');

    expect(env()).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: 'first line\nsecond line\n' });
  });

  it.each([
    ['is empty', '', 'it is empty'],
    ['holds only a newline', '\n', 'it is empty'],
    ['is huge', 'x'.repeat(70_000), 'it is longer than 64 KiB'],
    ['holds a NUL', 'sk-ant-oat01-\0TEST', 'it is no text'],
    ['is no UTF-8', Buffer.from([0x73, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04, 0x05]), 'it is no text'],
  ])('gives nothing of a file that %s, and tells it once', async (_, content, reason) => {
    const { vault, write, env, news } = open();
    write('claude', content);

    await vault.refresh();
    await vault.refresh();

    expect(env()).toEqual({});
    expect(news.filter(([name]) => name === 'claude')).toEqual([['claude', reason]]);
  });

  it('takes a folder in the place of a secret for no secret', () => {
    const { vault, folder } = open();
    mkdirSync(join(folder, 'claude'), { recursive: true });

    expect(vault.has('claude')).toBe(false);
  });

  it('refuses to keep what no environment can hold', () => {
    const { vault } = open();

    expect(() => vault.stage('claude', '')).toThrow('the new secret of claude cannot be kept: it is empty');
    expect(() => vault.stage('claude', 'a\0b')).toThrow('it is no text');
    expect(() => vault.stage('claude', 'x'.repeat(70_000))).toThrow('64 KiB');
  });

  it.each(['../outside', 'callback.key', '~scout', 'Claude', 'a/b', '', '.'])(
    'has no place for a secret of %j',
    (name) => {
      const { vault, folder } = open();

      expect(() => vault.stage(name, NEW)).toThrow('cannot be kept here');
      vault.discard(name);
      vault.commit(name);

      expect(vault.has(name)).toBe(false);
      expect(vault.hasStaged(name)).toBe(false);
      expect(existsSync(folder)).toBe(false);
    },
  );

  it('learns every secret that lies in its folder, also of credentials that fleet.yaml names no more', async () => {
    const { vault, write, learned } = open();
    write('claude', OLD);
    write('claude.next', NEW);
    write('forgotten', 'TEST-of-a-credential-that-is-gone');
    write('callback.key', 'TEST-the-key-of-the-buttons\n');

    await vault.refresh();

    expect([...learned].sort()).toEqual(
      [OLD, NEW, 'TEST-of-a-credential-that-is-gone', 'TEST-the-key-of-the-buttons'].sort(),
    );
  });

  it('has learned a secret before anybody is given it', () => {
    const { vault, write, learned, env } = open();
    write('claude', OLD);

    env();
    vault.stage('claude', NEW);

    expect([...learned]).toEqual([OLD, NEW]);
  });
});

describe('a secret that somebody else keeps', () => {
  const box = (vault: { environmentFor(names: readonly string[]): object }): object => vault.environmentFor(['box']);

  it('is given as it was at the last refresh', async () => {
    const source = changeable({ kind: 'secret', secret: 'TEST-box-1' });
    const { vault, learned } = open({ sources: { box: source } });
    const before = box(vault);

    await vault.refresh();
    const first = box(vault);
    source.answer = { kind: 'secret', secret: 'TEST-box-2' };
    await vault.refresh();

    expect(before).toEqual({});
    expect(first).toEqual({ BOX_TOKEN: 'TEST-box-1' });
    expect(box(vault)).toEqual({ BOX_TOKEN: 'TEST-box-2' });
    expect([...learned]).toEqual(['TEST-box-1', 'TEST-box-2']);
  });

  it('stays as it was when its source fails, which is told once, and that it works again', async () => {
    const source = changeable({ kind: 'secret', secret: 'TEST-box-1' });
    const { vault, news } = open({ sources: { box: source } });
    await vault.refresh();

    source.answer = { kind: 'none', reason: 'systemd hands no credential box to us' };
    await vault.refresh();
    await vault.refresh();
    const meanwhile = box(vault);
    source.answer = { kind: 'secret', secret: 'TEST-box-2' };
    await vault.refresh();

    expect(meanwhile).toEqual({ BOX_TOKEN: 'TEST-box-1' });
    expect(news.filter(([name]) => name === 'box')).toEqual([
      ['box', undefined],
      ['box', 'systemd hands no credential box to us'],
      ['box', undefined],
    ]);
  });

  it('is unreadable for a moment when its source breaks its word', async () => {
    const { vault, news } = open({ sources: { box: { read: () => Promise.reject(new Error('TEST-box-1')) } } });

    await vault.refresh();

    expect(news).toContainEqual(['box', 'it could not be asked for']);
  });

  it('is asked for once by refreshes at the same time', async () => {
    const source = changeable({ kind: 'secret', secret: 'TEST-box-1' });
    const { vault } = open({ sources: { box: source } });

    await Promise.all([vault.refresh(), vault.refresh(), vault.refresh()]);

    expect(source.asked).toBe(1);
  });

  it('cannot be kept here as well', () => {
    const { vault } = open();

    expect(() => vault.stage('box', NEW)).toThrow('systemd keeps it');
  });
});

describe('the folder of secrets at a start', () => {
  it('is closed to others again, file by file, and what was open is said', () => {
    const folder = join(temporaryFolder(), 'state');
    const home = prepareHome(folder, { nodePath: '/bin/node', binPath: '/x/bin.js' });
    writeFileSync(join(home.secrets, 'claude'), OLD, { mode: 0o600 });
    writeFileSync(join(home.secrets, 'mail'), NEW);
    chmodSync(join(home.secrets, 'mail'), 0o644);
    chmodSync(home.secrets, 0o755);

    const found = tightenSecrets(home);

    expect(found).toEqual([
      `${home.secrets} had mode 755: others on this machine may have read it; it is 700 now`,
      `${join(home.secrets, 'mail')} had mode 644: others on this machine may have read it; it is 600 now`,
    ]);
    expect(statSync(home.secrets).mode & 0o777).toBe(0o700);
    expect(statSync(join(home.secrets, 'mail')).mode & 0o777).toBe(0o600);
    expect(tightenSecrets(home)).toEqual([]);
    expect(readFileSync(join(home.secrets, 'claude'), 'utf8')).toBe(OLD);
  });

  it('loses what a crash left half written, and a link without its end harms nobody', () => {
    const folder = temporaryFolder();
    const home = locateHome(folder);
    mkdirSync(home.secrets, { mode: 0o700 });
    writeFileSync(join(home.secrets, 'claude.next.part'), NEW.slice(0, 20), { mode: 0o600 });
    symlinkSync(join(folder, 'nowhere'), join(home.secrets, 'mail'));

    expect(tightenSecrets(home)).toEqual([]);
    expect(readdirSync(home.secrets)).toEqual(['mail']);
  });
});
