import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { install } from '../../src/operator/install.ts';
import type { Host } from '../../src/operator/install-place.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { root } from '../repository/source-files.ts';

/** A machine in a folder: its programs only note that they were called. */
function createMachine(
  change: Partial<Host> = {},
  answer?: string,
  env: Readonly<Record<string, string | undefined>> = {},
) {
  const home = temporaryFolder();
  const config = join(home, 'fleet.yaml');
  writeFileSync(config, 'telegram: { owners: [1] }\n');
  writeFileSync(join(home, '.env'), 'TELEGRAM_BOT_TOKEN=123456:TEST-install\n');
  const ran: string[] = [];
  const said: string[] = [];
  const host: Host = {
    platform: 'linux',
    hasSystemd: true,
    uid: 1000,
    home,
    path: '/usr/bin:/bin',
    node: '/opt/node',
    packageFolder: root,
    account: () => ({ name: 'ada', home, group: '1000' }),
    ownerOf: () => 1000,
    isLingering: () => false,
    run: (argv) => {
      ran.push(argv.join(' '));
      return Promise.resolve({ ok: true, said: '' });
    },
    ...change,
  };
  const terminal = {
    env,
    print: (line: string) => void said.push(line),
    complain: (line: string) => void said.push(line),
    interrupted: new Promise<string>(() => {}),
    isInteractive: answer !== undefined,
    ask: () => Promise.resolve(answer),
  };
  const unit = join(home, '.config/systemd/user/nightdesk.service');
  const run = (...args: string[]) => install(['--config', config, ...args], terminal, host);
  return { home, config, ran, said, unit, run };
}

test('install shows what it will do, and does nothing before it is told to', async () => {
  const { run, said, ran, unit } = createMachine();

  expect(await run()).toBe(64);

  expect(said[0]).toBe(`writes   ${unit}`);
  expect(said.at(-1)).toContain('nothing was changed');
  expect(ran).toEqual(['systemctl --user show-environment']);
  expect(existsSync(unit)).toBe(false);
});

test.each([
  ['y', 0],
  ['', 64],
  ['no', 64],
])('install at a terminal does it for the answer "%s" with exit %i', async (answer, exit) => {
  const { run, unit } = createMachine({}, answer);

  expect(await run()).toBe(exit);

  expect(existsSync(unit)).toBe(exit === 0);
});

test('installing twice changes nothing the second time, and undoing removes all of it', async () => {
  const { run, said, ran, unit } = createMachine();
  expect(await run('--yes')).toBe(0);
  const written = readFileSync(unit, 'utf8');
  expect(await run('--yes')).toBe(0);
  expect(readFileSync(unit, 'utf8')).toBe(written);
  expect(said).toContain(`stays    ${unit}`);
  expect(said.at(-1)).toMatch(/^Nothing was to be changed/);
  expect(said.join('\n')).not.toContain('changed file');

  expect(await run('--undo')).toBe(0);

  expect(existsSync(unit)).toBe(false);
  expect(ran.at(-2)).toBe('systemctl --user disable --now nightdesk.service nightdesk-sentinel.timer');
  expect(await run('--undo')).toBe(78);
});

test('a unit that somebody else wrote is left alone, by installing and by undoing', async () => {
  const { run, said, home, unit } = createMachine();
  mkdirSync(join(home, '.config/systemd/user'), { recursive: true });
  writeFileSync(unit, '[Service]\nExecStart=/bin/true\n');

  expect(await run('--yes')).toBe(78);
  expect(await run('--undo')).toBe(78);

  expect(said[0]).toContain(`${unit} is there already, and not by me`);
  expect(readFileSync(unit, 'utf8')).toContain('/bin/true');
});

test('a first installation whose start fails leaves nothing behind, and says why', async () => {
  const machine = createMachine({
    run: (argv) => Promise.resolve({ ok: !argv.includes('enable'), said: 'Failed to enable unit' }),
  });

  expect(await machine.run('--yes')).toBe(69);

  expect(machine.said.at(-1)).toContain('Failed to enable unit; all of it was undone');
  expect(existsSync(machine.unit)).toBe(false);
});

test('lingering that is refused is told with what an administrator has to do, and not asked for where it is there', async () => {
  const run = (argv: readonly string[]) => Promise.resolve({ ok: argv[0] !== 'loginctl', said: 'Access denied' });
  const refused = createMachine({ run });
  const granted = createMachine({ run, isLingering: (name) => name === 'ada' });

  expect([await refused.run('--yes'), await granted.run('--yes')]).toEqual([69, 0]);

  expect(refused.said.at(-1)).toContain('all of it was undone. First: sudo loginctl enable-linger ada');
  expect(existsSync(refused.unit)).toBe(false);
  expect(granted.said.join('\n')).not.toContain('enable-linger');
});

test.each<[what: string, host: Partial<Host>, args: string[], exit: number, words: string]>([
  ['without systemd', { hasSystemd: false }, [], 69, 'was not started by systemd'],
  [
    'without a user bus',
    { run: () => Promise.resolve({ ok: false, said: 'no bus' }) },
    [],
    69,
    'no systemd of its own right now (no bus)',
  ],
  ['where --system is not for root', {}, ['--system'], 64, '--system needs root'],
  [
    'where root owns the fleet',
    { uid: 0, account: () => ({ name: 'root', home: '/root', group: '0' }) },
    [],
    64,
    'agents would run as root',
  ],
  [
    'for an account that is not there',
    { uid: 0, account: () => undefined },
    ['--as', 'nobody'],
    64,
    'there is no account "nobody"',
  ],
  ['for both scopes at once', {}, ['--user', '--system'], 64, 'either --user or --system'],
])('install refuses %s in one line', async (_what, host, args, exit, words) => {
  const { run, said } = createMachine(host);

  expect(await run('--yes', ...args)).toBe(exit);

  expect(said).toHaveLength(1);
  expect(said[0]).toContain(words);
});

test('install of a broken fleet.yaml says what is wrong with it, and writes nothing', async () => {
  const { run, said, config, unit } = createMachine();
  writeFileSync(config, 'telegram: { owners: [] }\n');

  expect(await run('--yes')).toBe(78);

  expect(said.join('\n')).toContain('telegram.owners');
  expect(existsSync(unit)).toBe(false);
});

test.each([
  ['a token', '', 'telegram: { owners: [1] }\n', 'TELEGRAM_BOT_TOKEN is not set'],
  [
    'a variable of fleet.yaml',
    'TELEGRAM_BOT_TOKEN=123456:TEST-install\n',
    'telegram: { owners: [1] }\nagents: { a: { runtime: command, command: [sh], schedule: every 1h, env: { URL: "${FEED}" } } }\n',
    'FEED',
  ],
])(
  'install refuses %s that only the shell has, since the service would not see it',
  async (_what, dotEnv, yaml, words) => {
    const { run, said, home, config, unit } = createMachine({}, undefined, {
      TELEGRAM_BOT_TOKEN: '123456:TEST-shell',
      FEED: 'x',
    });
    writeFileSync(join(home, '.env'), dotEnv);
    writeFileSync(config, yaml);

    expect(await run('--yes')).toBe(78);

    expect(said.join('\n')).toContain(words);
    expect(said.at(-1)).toContain('belongs into .env beside fleet.yaml; nothing was changed');
    expect(existsSync(unit)).toBe(false);
  },
);

test('install names a program that is not on the PATH which it writes, and goes on', async () => {
  const { run, said, config, unit } = createMachine();
  writeFileSync(
    config,
    'telegram: { owners: [1] }\nagents: { a: { runtime: command, command: [no-such-cli], schedule: every 1h } }\n',
  );

  expect(await run('--yes')).toBe(0);

  expect(said.join('\n')).toMatch(/fleet\.yaml:2: agents\.a\.command.*no-such-cli/);
  expect(readFileSync(unit, 'utf8')).toMatch(/^Environment="PATH=\S+\/\.local\/bin:\/usr\/bin:\/bin"$/m);
});

test.each([
  ['cannot run node or the checkout', '--version', /^nightdesk install: eve cannot run \/opt\/node in /],
  ['cannot read .env', '.env', /eve cannot read \S+\/\.env: chown eve /],
  ['cannot write where the state goes', '-w', /eve cannot write into \S+, where its state goes: chown eve /],
])('install of a system service refuses an account that %s', async (_what, word, words) => {
  const { run, said, ran } = createMachine({
    uid: 0,
    account: () => ({ name: 'eve', home: '/home/eve', group: '1001' }),
    run: (argv) => Promise.resolve({ ok: !argv.some((part) => part.endsWith(word)), said: 'Permission denied' }),
  });

  expect(await run('--yes', '--system', '--as', 'eve')).toBe(78);

  expect(said).toEqual([expect.stringMatching(words)]);
  expect(said[0]).toMatch(/; nothing was changed$/);
  expect(ran).toEqual([]);
});

test('install under launchd loads nothing twice, and unloads first what has changed', async () => {
  const loaded = new Set<string>();
  const { run, said, home, ran } = createMachine({
    platform: 'darwin',
    run: ([, verb = '', , path = ''], argv = [verb, path]) => {
      ran.push(argv.join(' ').trim());
      if (verb === 'print') return Promise.resolve({ ok: loaded.size > 0, said: 'Could not find service' });
      if (verb === 'bootout') loaded.clear();
      const ok = verb !== 'bootstrap' || !loaded.has(path);
      if (verb === 'bootstrap') loaded.add(path);
      return Promise.resolve({ ok, said: 'Bootstrap failed: 5: Input/output error' });
    },
  });
  const plist = join(home, 'Library/LaunchAgents/com.nightdesk.sentinel.plist');

  expect(await run('--yes')).toBe(0);
  expect([...loaded]).toHaveLength(2);
  ran.length = 0;
  expect(await run('--yes')).toBe(0);
  expect(said.at(-1)).toMatch(/^Nothing was to be changed/);
  expect(ran).toEqual(['print', 'print']);
  writeFileSync(plist, `${readFileSync(plist, 'utf8')}\n`);
  expect(await run('--yes')).toBe(0);

  expect(ran.slice(4, 6)).toEqual(['bootout', 'bootout']);
  expect([...loaded]).toHaveLength(2);
});
