import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { MARK, type Place, planInstall } from '../../src/install/plan.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { root } from '../repository/source-files.ts';
import { parsePlist } from './plist.ts';

const PLACE: Place = {
  manager: 'systemd',
  scope: 'user',
  config: '/home/ada/my fleet/fleet.yaml',
  packageFolder: '/home/ada/night 100%/nightdesk',
  node: '/opt/node/bin/node',
  user: 'ada',
  userHome: '/home/ada',
  isLingering: false,
  path: '/home/ada/100% "x"/bin:/usr/bin',
  writable: ['/etc/night desk'],
};

/** Keys of launchd.plist(5) that the files use, with the type that it names. */
const LAUNCHD_KEYS: Readonly<Record<string, string>> = {
  Label: 'string',
  UserName: 'string',
  ProgramArguments: 'object',
  WorkingDirectory: 'string',
  EnvironmentVariables: 'object',
  RunAtLoad: 'boolean',
  KeepAlive: 'object',
  ThrottleInterval: 'number',
  StartInterval: 'number',
  ExitTimeOut: 'number',
  ProcessType: 'string',
  AbandonProcessGroup: 'boolean',
  Umask: 'number',
  StandardOutPath: 'string',
  StandardErrorPath: 'string',
};

function read(name: string): string {
  return readFileSync(join(root, 'deploy', name), 'utf8');
}

test.each(['user', 'system'] as const)(
  'the units of a %s service name the real paths, and none of the written ones',
  (scope) => {
    const { files } = planInstall({ ...PLACE, scope }, read);
    const whole = files.map(({ text }) => text).join('\n');

    expect(files.map(({ path }) => basename(path))).toEqual([
      'nightdesk.service',
      'nightdesk-sentinel.service',
      'nightdesk-sentinel.timer',
    ]);
    expect(whole).toContain('ExecStart=/opt/node/bin/node src/bin.js start --config "/home/ada/my fleet/fleet.yaml"');
    expect(whole).toContain(
      'ExecStart=/opt/node/bin/node src/bin.js sentinel --config "/home/ada/my fleet/fleet.yaml"',
    );
    expect(whole).toContain('WorkingDirectory=/home/ada/night 100%%/nightdesk');
    expect(whole).not.toMatch(/%h\/|\/opt\/nightdesk|\/home\/nightdesk|User=nightdesk/);
    expect(whole.includes('User=ada')).toBe(scope === 'system');
    expect(whole.match(/^Environment=.*$/gm)).toEqual(
      Array(2).fill('Environment="PATH=/home/ada/100%% \\"x\\"/bin:/usr/bin"'),
    );
    expect(whole.includes('ReadWritePaths="-/etc/night desk"')).toBe(scope === 'system');
    for (const { text } of files) expect(text).toContain(MARK);
  },
);

test.for(['user', 'system'] as const)(
  'systemd finds nothing wrong with the units that are written for a %s service',
  (scope, { skip }) => {
    const folder = temporaryFolder();
    const home = join(folder, 'home 100%');
    mkdirSync(home);
    const place = {
      ...PLACE,
      scope,
      packageFolder: home,
      config: join(home, 'fleet.yaml'),
      node: process.execPath,
      user: 'root',
    };
    const units = planInstall(place, read).files.map(({ path, text }) => {
      const file = join(folder, basename(path));
      writeFileSync(file, text);
      return file;
    });
    const { error, status, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', ...(scope === 'user' ? ['--user'] : []), ...units],
      {
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_RUNTIME_DIR: folder },
        encoding: 'utf8',
      },
    );
    if (error !== undefined) skip('systemd-analyze is not installed');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  },
);

test.each(['user', 'system'] as const)(
  'the property lists of a %s service are whole, and use only keys that launchd knows',
  (scope) => {
    const place: Place = {
      ...PLACE,
      manager: 'launchd',
      scope,
      packageFolder: '/Users/ada/a & b',
      config: '/Users/ada/<fleet>.yaml',
    };
    for (const { text } of planInstall(place, read).files) {
      const plist = parsePlist(text) as Record<string, unknown>;

      for (const [key, value] of Object.entries(plist)) expect([key, typeof value]).toEqual([key, LAUNCHD_KEYS[key]]);
      expect(plist['WorkingDirectory']).toBe('/Users/ada/a & b');
      expect(plist['ProgramArguments']).toEqual([
        '/opt/node/bin/node',
        'src/bin.js',
        expect.stringMatching(/^(start|sentinel)$/) as unknown,
        '--config',
        '/Users/ada/<fleet>.yaml',
      ]);
      expect(plist['EnvironmentVariables']).toEqual({ PATH: place.path });
      expect(plist['UserName']).toBe(scope === 'system' ? 'ada' : undefined);
      expect(text).toContain(MARK);
      expect(text).not.toContain('/Users/nightdesk');
    }
  },
);

test('the property lists that people copy by hand are whole', () => {
  for (const name of ['com.nightdesk.nightdesk', 'com.nightdesk.sentinel'])
    expect(parsePlist(read(`launchd/${name}.plist`))).toMatchObject({ Label: name });
});

test.each(['user', 'system'] as const)(
  'stopping a %s service ends its main process first, and waits for it',
  async (scope) => {
    const [, command = ''] = /^ExecStop=-\/bin\/sh -c '(.*)'$/m.exec(read(`systemd/${scope}/nightdesk.service`)) ?? [];
    // What has to be finished after a TERM, like a publisher.
    const program = spawn('sh', [
      '-c',
      "trap 'sleep 1; echo finished; exit' TERM; echo up; while :; do sleep 0.1; done",
    ]);
    let said = '';
    program.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    await once(program.stdout, 'data');
    const ended = once(program, 'close');

    // systemd.service(5): `$$` is one dollar, and MAINPID is in the environment of ExecStop.
    const stopping = spawn('sh', ['-c', command.replaceAll('$$', '$')], { env: { MAINPID: String(program.pid) } });
    await once(stopping, 'exit');

    expect(program.exitCode).toBe(0);
    await ended;
    expect(said).toContain('finished');
    expect(spawnSync('sh', ['-c', command.replaceAll('$$', '$')], { env: { MAINPID: '' } }).status).not.toBe(0);
  },
);
