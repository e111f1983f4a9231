import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const containerFile = readFileSync(join(repository, 'deploy/container/Containerfile'), 'utf8');

/** What a container engine takes (Containerfile(5)). */
const INSTRUCTIONS = ['FROM', 'RUN', 'WORKDIR', 'COPY', 'USER', 'VOLUME', 'ENTRYPOINT', 'CMD', 'ENV', 'STOPSIGNAL'];

/** The instructions, continued lines joined, comments left out. */
const instructions = containerFile
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '')
  .map((line) => ({ name: line.split(/\s+/)[0] ?? '', rest: line.replace(/^\S+\s+/, '') }));

const copied = instructions.filter(({ name }) => name === 'COPY').map(({ rest }) => rest.split(/\s+/).slice(0, -1));

test('the container file holds only instructions that an engine knows, and begins with FROM', () => {
  expect(instructions.filter(({ name }) => !INSTRUCTIONS.includes(name))).toEqual([]);
  expect(instructions[0]?.name).toBe('FROM');
});

test('the container file takes the Node that the program needs', () => {
  const { version } = JSON.parse(readFileSync(join(repository, 'node_modules/node/package.json'), 'utf8')) as {
    version: string;
  };

  expect(instructions[0]?.rest).toContain(`node:${version.split('.')[0]}-`);
});

test('what the container file copies is all that the program needs to run a check', () => {
  const image = temporaryFolder();
  for (const path of copied.flat()) {
    cpSync(join(repository, path), join(image, basename(path)), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(image, 'node_modules'));
  const fleet = join(temporaryFolder(), 'fleet.yaml');
  writeFileSync(
    fleet,
    'telegram: { owners: [1] }\nagents: { a: { runtime: command, command: [/bin/true], schedule: every 1h } }\n',
  );

  const plan = execFileSync(process.execPath, [join(image, 'src/bin.js'), 'check', '--config', fleet], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
  });

  expect(plan).toContain('every 1h');
});

test('entrypoint and command of the container file start the control plane as PID 1 of a reaper', () => {
  const words = (name: string): unknown => JSON.parse(instructions.find((each) => each.name === name)?.rest ?? '[]');

  expect(words('ENTRYPOINT')).toEqual(['tini', '--', 'node', 'src/bin.js']);
  expect(words('CMD')).toEqual(['start', '--config', '/fleet/fleet.yaml']);
  expect(instructions.findLast(({ name }) => name === 'USER')?.rest).toBe('nightdesk');
});

test('the compose file builds from the repository, restarts on failure, and gives time to stop', () => {
  const compose = parse(readFileSync(join(repository, 'deploy/container/compose.yaml'), 'utf8')) as {
    services: Record<
      string,
      { build: { context: string; dockerfile: string }; restart: string; stop_grace_period?: string }
    >;
  };
  const { nightdesk, sentinel } = compose.services;

  expect(
    existsSync(join(repository, 'deploy/container', nightdesk?.build.context ?? '', nightdesk?.build.dockerfile ?? '')),
  ).toBe(true);
  expect(nightdesk).toMatchObject({ restart: 'on-failure', stop_grace_period: '30s' });
  expect(sentinel?.restart).toBe('unless-stopped');
});
