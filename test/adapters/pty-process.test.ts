import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createProcTable } from '../../src/adapters/proc-table.ts';
import { createTerminalStarter } from '../../src/adapters/pty-process.ts';
import type { SpawnRequest } from '../../src/ports.ts';
import { until } from '../e2e/program.ts';

const TERMINAL = { columns: 500, rows: 40 };

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/logins/${name}`, import.meta.url));
}

function start(argv: readonly [string, ...string[]], more: Partial<SpawnRequest> = {}) {
  let output = '';
  let calls = 0;
  const processes = createProcesses();
  const process = processes.spawn(
    { argv, cwd: '/', env: { PATH: '/usr/bin:/bin', ...more.env }, terminal: TERMINAL, ...more },
    (chunk, stream) => {
      calls += 1;
      output += `${stream === 'stdout' ? '' : '!'}${Buffer.from(chunk).toString('utf8')}`;
    },
  );
  return { processes, process, output: () => output, calls: () => calls };
}

test('a program on a terminal sees its size, gets what is typed, and its exit code is told', async () => {
  const { process, output } = start([fixture('terminal.sh')]);
  await until(() => output().includes('terminal of'), 'it looked at its terminal');

  process.write('hello');
  process.write('\r');

  expect(await process.exit).toEqual({ kind: 'exited', code: 7 });
  expect(output()).toContain('terminal of 40 500');
  expect(output()).toContain('typed: hello');
  expect(output()).not.toContain('!');
});

test('bytes of a terminal come as they were printed, whatever they are', async () => {
  const { process, output } = start(['/bin/sh', '-c', "printf '\\303\\274 \\033[1mbold\\033[0m'"]);

  await process.exit;

  expect(output()).toBe('ü \u001b[1mbold\u001b[0m');
});

test('all that a program printed before its end on a terminal is handed on before the exit settles', async () => {
  const { process, output } = start([
    '/bin/sh',
    '-c',
    'i=0; while [ $i -lt 2000 ]; do echo "line $i of many"; i=$((i+1)); done; echo last',
  ]);

  await process.exit;

  expect(output().trimEnd().endsWith('last')).toBe(true);
});

test('KILL ends the whole session on a terminal, and tells the signal', async () => {
  const { process, output } = start(['/bin/sh', '-c', 'trap "" TERM HUP; sleep 300 & echo started; wait; wait']);
  await until(() => output().includes('started'), 'it started');

  process.signal('SIGTERM');
  process.signal('SIGKILL');

  expect(await process.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
});

test('a sweep finds a child that left the terminal for a session of its own, by its mark', async () => {
  const mark = { NIGHTDESK_MARK: `pty-test-${process.pid}` };
  const {
    processes,
    process: login,
    output,
  } = start([fixture('stays.sh')], { env: { PATH: '/usr/bin:/bin', ...mark } });
  await until(() => output().includes('Password:'), 'it asks');

  login.signal('SIGKILL');
  await login.exit;
  const swept = await processes.sweep({
    ...(login.identity === undefined ? {} : { identity: login.identity }),
    mark: { text: `NIGHTDESK_MARK=${mark.NIGHTDESK_MARK}`, isPrefix: false },
  });

  expect(swept).toEqual({ kind: 'killed', survivors: [] });
});

test.each([
  ['/no/such/login', 'does not exist'],
  ['no-such-login', 'was not found on the PATH'],
  ['/etc/passwd', 'may not be executed'],
])('a program %s is not started on a terminal, and said why', async (program, reason) => {
  const { process } = start([program]);

  expect(process.identity).toBeUndefined();
  expect(await process.exit).toEqual({ kind: 'not-started', reason: expect.stringContaining(reason) });
});

test('a working directory that is missing is told of a terminal, too', async () => {
  const { process } = start(['/bin/true'], { cwd: '/no/such/folder' });

  expect(await process.exit).toMatchObject({ kind: 'not-started', reason: expect.stringContaining('/no/such/folder') });
});

test('a machine without the native part gets one clear reason, and is asked again the next time', async () => {
  let loads = 0;
  const startOnTerminal = createTerminalStarter({
    table: createProcTable()!,
    onEnd: () => {},
    load: () => {
      loads += 1;
      throw new Error('could not find the binary package: x/pty.node\n\nThis can happen if …');
    },
  });
  const request = { argv: ['/bin/true'] as const, cwd: '/', env: {}, terminal: TERMINAL };

  const exits = await Promise.all([startOnTerminal(request, () => {}).exit, startOnTerminal(request, () => {}).exit]);

  expect(loads).toBe(2);
  expect(exits[0]).toEqual({
    kind: 'not-started',
    reason: expect.stringMatching(
      /^no terminal can be opened here \(could not find the binary package: x\/pty\.node\)/,
    ),
  });
});

test('what is written after the end of a program on a terminal, or without end, does no harm', async () => {
  const { process, output } = start(['/bin/sh', '-c', 'stty raw; echo deaf; sleep 300']);
  await until(() => output().includes('deaf'), 'it reads nothing');

  for (let n = 0; n < 100; n += 1) process.write('x'.repeat(4_096));
  process.signal('SIGKILL');
  await process.exit;
  process.write('late');
  process.closeInput();
  process.signal('SIGTERM');

  expect(output()).toContain('deaf');
});
