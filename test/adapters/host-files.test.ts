import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { probeConfiguration, probeDisk, probeFiles, probeLogs, probeOverrides } from '../../src/adapters/host-files.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';

function write(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

function open() {
  const folder = createFleetFolder();
  const fleet: Fleet = folder.loaded(
    'timezone: UTC\nhome: ./state\ntelegram: { owners: [4242] }\nagents:\n  scout: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h }\n',
  ).fleet;
  mkdirSync(fleet.home, { mode: 0o700 });
  return { folder, fleet, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const now = () => 7;

it('holds secrets against everybody else, and fleet.yaml against who would change it', () => {
  using world = open();
  const { fleet } = world;
  write(join(fleet.home, 'secrets/claude'), 'x', 0o640);
  write(join(dirname(fleet.file), '.env'), 'x', 0o604);
  chmodSync(fleet.file, 0o664);

  const found = probeFiles(fleet, now);

  const open_ = found.kind === 'known' ? found.value.filter(({ mode, forbidden }) => (mode & forbidden) !== 0) : [];
  expect(open_.map(({ path }) => path.slice(dirname(fleet.file).length + 1)).toSorted()).toEqual([
    '.env',
    'fleet.yaml',
    'state/secrets/claude',
  ]);
});

it('asks of the database only where others can enter HOME', () => {
  using world = open();
  const { fleet } = world;
  write(join(fleet.home, 'nightdesk.db'), 'x', 0o644);
  const named = (): boolean => {
    const found = probeFiles(fleet, now);
    return found.kind === 'known' && found.value.some(({ path }) => path.endsWith('nightdesk.db'));
  };

  const behindClosedDoors = named();
  chmodSync(fleet.home, 0o755);

  expect([behindClosedDoors, named()]).toEqual([false, true]);
});

it('names keys of settings that beat the login of a run, and none of their values', () => {
  using world = open();
  const { fleet } = world;
  const workdir = fleet.agents.get('scout')?.workdir ?? '';
  write(join(fleet.home, 'user/.claude/settings.json'), '{"apiKeyHelper": "cat /key", "model": "opus"}');
  write(
    join(workdir, '.claude/settings.local.json'),
    '{"env": {"ANTHROPIC_AUTH_TOKEN": "sk-ant-TEST", "EDITOR": "vi"}}',
  );

  const found = probeOverrides(fleet, join(fleet.home, 'user'), now);

  expect(found).toMatchObject({ kind: 'known', value: { read: 2 } });
  expect(JSON.stringify(found)).toContain('apiKeyHelper');
  expect(JSON.stringify(found)).toContain('env.ANTHROPIC_AUTH_TOKEN');
  expect(JSON.stringify(found)).not.toContain('sk-ant-TEST');
  expect(JSON.stringify(found)).not.toContain('EDITOR');
});

it('does not pass settings that it cannot read', () => {
  using world = open();
  const { fleet } = world;
  write(join(fleet.home, 'user/.claude/settings.json'), '{ half');

  expect(probeOverrides(fleet, join(fleet.home, 'user'), now).kind).toBe('unknown');
});

it('counts logs, asks the nearest folder for its disk, and takes fleet.yaml for what it holds', () => {
  using world = open();
  const { fleet } = world;
  write(join(fleet.home, 'logs/scout/1.log'), 'x'.repeat(100));
  write(join(fleet.home, 'logs/scout/2.log.gz'), 'x'.repeat(20));

  expect(probeLogs(fleet.home, now)).toMatchObject({ value: { files: 2, bytes: 120 } });
  expect(probeDisk(join(fleet.home, 'not/there/yet'), now)).toMatchObject({ kind: 'known' });
  expect(probeConfiguration(fleet.file, now)).toMatchObject({
    value: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(probeConfiguration(join(fleet.home, 'gone.yaml'), now)).toMatchObject({ kind: 'unknown' });
});
