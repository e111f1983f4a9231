import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystemdNotify } from '../../src/adapters/systemd-notify.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { until } from '../e2e/program.ts';

/** Comes with systemd, where there is one. */
const PROGRAM = 'systemd-notify';

const receivers: ChildProcess[] = [];

afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.kill('SIGKILL');
});

/** Prints each datagram that comes, as systemd would get it. */
const RECEIVER = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + name[1:] if name.startswith('@') else name)
print('bound', flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 4096, 4)
    print(data.decode().strip().replace(chr(10), ' '), flush=True)
`;

/** What arrived at a socket so far; undefined where this machine cannot be systemd. */
async function receive(name: string): Promise<(() => readonly string[]) | undefined> {
  const canReceive = spawnSync('python3', ['-c', 'import socket; socket.recv_fds']).status === 0;
  const canSend = spawnSync(PROGRAM, ['--version']).status === 0;
  if (!canReceive || !canSend) {
    console.warn('systemd-notify and python3 are needed to see a real notification: not tried here');
    return undefined;
  }
  const receiver = spawn('python3', ['-c', RECEIVER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  receivers.push(receiver);
  let text = '';
  receiver.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
  await until(() => text.includes('bound'), 'the socket is bound');
  // A barrier, with which systemd-notify waits for its reader, says nothing by itself.
  return () => text.split('\n').filter((line) => line !== '' && line !== 'bound' && !line.startsWith('BARRIER'));
}

const PATH = process.env['PATH'] ?? '';

describe('createSystemdNotify', () => {
  it.each([
    ['in the file system', () => join(temporaryFolder(), 'notify')],
    ['of the abstract kind', () => `@nightdesk-test-${process.pid}`],
  ])('tells a socket %s that it is ready, alive, and stopping', async (_kind, nameOf) => {
    const name = nameOf();
    const received = await receive(name);
    if (received === undefined) return;
    const supervisor = createSystemdNotify({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '30000000', PATH }, createMemoryLog());

    supervisor.ready();
    await until(() => received().length === 1, 'the first came');
    supervisor.alive();
    await until(() => received().length === 2, 'the second came');
    supervisor.stopping();
    await until(() => received().length === 3, 'the third came');

    expect(received()).toEqual(['READY=1', 'WATCHDOG=1', 'STOPPING=1']);
    expect(supervisor.watchdogMs).toBe(30_000);
  });

  /** A program in the place of systemd-notify that writes down how it was called. */
  function standIn(script: string): { readonly folder: string; readonly calls: () => string } {
    const folder = temporaryFolder();
    const file = join(folder, PROGRAM);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return { folder, calls: () => readOr(join(folder, 'calls')) };
  }

  it('starts nothing without a socket', async () => {
    const program = standIn('echo "$@" >> "$(dirname "$0")/calls"');
    const path = `${program.folder}:${PATH}`;
    const supervisor = createSystemdNotify({ WATCHDOG_USEC: '30000000', PATH: path }, createMemoryLog());

    supervisor.ready();
    supervisor.alive();
    supervisor.stopping();
    const other = createSystemdNotify({ NOTIFY_SOCKET: '/nowhere', PATH: path }, createMemoryLog());
    other.alive();
    other.ready();
    await until(() => program.calls() !== '', 'the one with a socket was told');

    expect(program.calls()).toBe('READY=1\n');
    expect(supervisor.watchdogMs).toBeUndefined();
    expect(other.watchdogMs).toBeUndefined();
  });

  it('gives the program nothing of our environment but its socket', async () => {
    const program = standIn('env | sort > "$(dirname "$0")/calls"');
    const env = { NOTIFY_SOCKET: '/run/x', PATH: `${program.folder}:${PATH}`, TELEGRAM_BOT_TOKEN: '123456:TEST-token' };

    createSystemdNotify(env, createMemoryLog()).ready();
    await until(() => program.calls().includes('PATH='), 'it was called');

    expect(program.calls()).toContain('NOTIFY_SOCKET=/run/x');
    expect(program.calls()).not.toContain('TEST-token');
  });

  it('says once that the program is missing', async () => {
    const log = createMemoryLog();
    const supervisor = createSystemdNotify({ NOTIFY_SOCKET: '/run/x', PATH: temporaryFolder() }, log);

    supervisor.ready();
    supervisor.stopping();
    await until(() => log.lines.length > 0, 'it complains');
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain('systemd-notify');
  });

  it('does not start another one while the last is still at it', async () => {
    const program = standIn('echo begun >> "$(dirname "$0")/calls"; sleep 600');
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '1000000', PATH: `${program.folder}:${PATH}` };
    const supervisor = createSystemdNotify(env, createMemoryLog());

    for (let times = 0; times < 10; times += 1) supervisor.alive();
    await until(() => program.calls() !== '', 'one has begun');
    supervisor.alive();
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(program.calls()).toBe('begun\n');
  });

  it.each([
    [String(process.pid), 5_000],
    [String(process.ppid), 5_000],
    ['1', undefined],
  ])('feels watched when the watchdog is meant for process %s: us, or our launcher', (pid, watchdogMs) => {
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '5000000', WATCHDOG_PID: pid, PATH };

    expect(createSystemdNotify(env, createMemoryLog()).watchdogMs).toBe(
      pid === '1' && process.ppid === 1 ? 5_000 : watchdogMs,
    );
  });
});

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
